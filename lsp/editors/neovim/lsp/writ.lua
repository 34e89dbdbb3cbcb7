-- Neovim 0.11 and later: `vim.lsp.enable("writ")` in init.lua.
return {
  cmd = { "writ", "lsp" },
  filetypes = { "writ" },
  root_markers = { "writ.toml", ".git" },
}
