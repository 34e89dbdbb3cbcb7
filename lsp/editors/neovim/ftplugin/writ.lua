vim.bo.commentstring = "// %s"
vim.bo.shiftwidth = 4
vim.bo.expandtab = true

-- Neovim before 0.11 has no `vim.lsp.enable`; there the server is started with the buffer, one for a package.
if vim.fn.has("nvim-0.11") == 0 then
  local folder = vim.fn.fnamemodify(vim.api.nvim_buf_get_name(0), ":p:h")
  local manifest = vim.fn.findfile("writ.toml", folder .. ";")
  local root = manifest ~= "" and vim.fn.fnamemodify(manifest, ":p:h") or folder
  local config = { name = "writ", cmd = { "writ", "lsp" }, root_dir = root }
  if vim.lsp.start then
    vim.lsp.start(config)
  else
    -- Neovim 0.7.
    local id
    for _, client in ipairs(vim.lsp.get_active_clients()) do
      if client.name == "writ" and client.config.root_dir == root then
        id = client.id
      end
    end
    vim.lsp.buf_attach_client(0, id or vim.lsp.start_client(config))
  end
end
