-- Neovim 0.11 and later: `vim.lsp.enable("writ")` in init.lua. Of TOML files only manifests are Writ's.
return {
  cmd = { "writ", "lsp" },
  filetypes = { "writ", "toml" },
  root_dir = function(buffer, start)
    if vim.bo[buffer].filetype == "writ" or vim.fs.basename(vim.api.nvim_buf_get_name(buffer)) == "writ.toml" then
      start(vim.fs.root(buffer, { "writ.toml", ".git" }))
    end
  end,
}
