vim.filetype.add({ extension = { writ = "writ" } })
