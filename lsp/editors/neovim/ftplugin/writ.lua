vim.bo.commentstring = "// %s"
vim.bo.shiftwidth = 4
vim.bo.expandtab = true

-- Neovim before 0.11 has no `vim.lsp.enable`; there the server is started with the buffer.
if vim.fn.has("nvim-0.11") == 0 then
  local marker = vim.fs.find("writ.toml", { upward = true, path = vim.fs.dirname(vim.api.nvim_buf_get_name(0)) })[1]
  vim.lsp.start({
    name = "writ",
    cmd = { "writ", "lsp" },
    root_dir = marker and vim.fs.dirname(marker) or vim.fs.dirname(vim.api.nvim_buf_get_name(0)),
  })
end
