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

-- Lenses: shown as they change, run by `<LocalLeader>l` on their line (`vim.g.no_writ_maps` leaves the key alone).
local function lenses()
  -- Asked before a server answers, an old Neovim asks never again.
  for _, client in ipairs((vim.lsp.get_clients or vim.lsp.get_active_clients)({ name = "writ" })) do
    local ready = client.name == "writ" and client.server_capabilities and client.server_capabilities.codeLensProvider
    if ready and vim.lsp.buf_is_attached(0, client.id) then
      pcall(vim.lsp.codelens.refresh)
      return
    end
  end
end
vim.api.nvim_create_autocmd({ "BufEnter", "BufWritePost", "InsertLeave" }, { buffer = 0, callback = lenses })
if not vim.g.no_writ_maps then
  vim.keymap.set("n", "<LocalLeader>l", vim.lsp.codelens.run, { buffer = true, desc = "Writ: run the lens of this line" })
end

-- Neovim before 0.8 does not open a page that a server asks it to show, so it is opened here.
if vim.lsp.handlers["window/showDocument"] == nil then
  local function show(command, context)
    local answered = function(err, page)
      if err then
        vim.notify(err.message, vim.log.levels.ERROR)
      elseif type(page) == "table" and page.uri then
        vim.cmd("split " .. vim.fn.fnameescape(vim.uri_to_fname(page.uri)))
      end
    end
    local client = vim.lsp.get_client_by_id(context.client_id)
    client.request("workspace/executeCommand", { command = command.command, arguments = command.arguments }, answered, 0)
  end
  for _, name in ipairs({ "evaluate", "rule", "why", "test", "uses", "explain" }) do
    vim.lsp.commands["writ." .. name] = show
  end
end
