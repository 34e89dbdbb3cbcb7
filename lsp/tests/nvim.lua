-- A real editor at the other end, with the files that are shipped for it: `nvim --headless -u NONE -i NONE -S
-- lsp/tests/nvim.lua`, with WRIT the tool and FOLDER an empty folder. Ends with 0 where all is as it should be; else says what is not. Written for Neovim 0.7 and later.
local writ, folder = os.getenv('WRIT'), os.getenv('FOLDER')
local failures = {}
local function check(what, holds, seen)
  if not holds then
    table.insert(failures, what .. ': ' .. vim.inspect(seen))
  end
end

local function write(name, lines)
  vim.fn.writefile(lines, folder .. '/' .. name)
end
write('writ.toml', { '[package]', 'name = "acme/test"', 'version = "1.0.0"' })
write('policy.writ', {
  'use std.state.{Resource, kind};',
  '',
  '/// Kinds that cannot be made again.',
  'relation stateful(kind: string);',
  'stateful("database");',
  '',
  'pub relation kept(r: Resource);',
  'kept(r) if kind(r, k), stateflu(k);',
})
local function wait(condition)
  return vim.wait(20000, condition, 20)
end

local here = vim.fn.fnamemodify(vim.fn.resolve(vim.fn.expand('<sfile>:p')), ':h:h')
vim.opt.runtimepath:prepend(here .. '/editors/neovim')
vim.env.PATH = vim.fn.fnamemodify(writ, ':h') .. ':' .. vim.env.PATH
vim.cmd('filetype plugin on')
if vim.fn.has('nvim-0.11') == 1 then vim.lsp.enable('writ') end
vim.cmd('edit ' .. folder .. '/policy.writ')
check('the kind of file', vim.bo.filetype == 'writ', vim.bo.filetype)
local function clients()
  return (vim.lsp.get_clients or vim.lsp.get_active_clients)({ name = 'writ' })
end
check('the server is started', wait(function() return #clients() == 1 end), clients())
local client = clients()[1].id
local function ask(method, params)
  local answers = vim.lsp.buf_request_sync(0, method, params, 20000)
  for _, answer in pairs(answers or {}) do
    return answer.result, answer.error
  end
end
local function at(line, character)
  return { textDocument = vim.lsp.util.make_text_document_params(), position = { line = line, character = character } }
end

check('a misspelt name is told', wait(function() return #vim.diagnostic.get(0) > 0 end), vim.diagnostic.get(0))
local found = vim.diagnostic.get(0)[1] or {}
check('its number', found.code == 'W0101' or (found.user_data or {}).lsp and found.user_data.lsp.code == 'W0101', found)
check('its place', found.lnum == 7 and found.col == 23, found)

local params = at(7, 25)
params.range = { start = params.position, ['end'] = params.position }
params.context = { diagnostics = {} }
local actions = ask('textDocument/codeAction', params) or {}
local mend
for _, action in ipairs(actions) do
  if action.title == 'write `stateful`' then mend = action end
end
check('the repair', mend ~= nil, actions)
if mend then
  local id = vim.lsp.get_client_by_id(client)
  vim.lsp.util.apply_workspace_edit(mend.edit, id.offset_encoding)
end
check('it is mended', vim.api.nvim_buf_get_lines(0, 7, 8, false)[1] == 'kept(r) if kind(r, k), stateful(k);',
  vim.api.nvim_buf_get_lines(0, 7, 8, false))
check('nothing is told then', wait(function() return #vim.diagnostic.get(0) == 0 end), vim.diagnostic.get(0))

local hover = ask('textDocument/hover', at(7, 25))
check('hover', hover and hover.contents.value:find('Kinds that cannot be made again', 1, true), hover)
local definition = ask('textDocument/definition', at(7, 25)) or {}
check('definition', #definition == 1 and (definition[1].range or definition[1].targetRange).start.line == 3, definition)
local references = at(3, 10)
references.context = { includeDeclaration = true }
check('references', #(ask('textDocument/references', references) or {}) == 3, references)
local completion = ask('textDocument/completion', at(7, 11)) or {}
local words = {}
for _, item in ipairs(completion.items or completion) do words[item.label] = true end
check('completion', words['stateful'] and words['kind'] and words['not'], completion)
local rename = at(3, 10)
rename.newName = 'durable'
local edit = ask('textDocument/rename', rename)
local changed = 0
for _, edits in pairs((edit or {}).changes or {}) do changed = changed + #edits end
check('rename', changed == 3, edit)
local lenses = ask('textDocument/codeLens', { textDocument = vim.lsp.util.make_text_document_params() }) or {}
check('lenses', #lenses >= 5, lenses)
-- A lens, run as a person runs it: its page is opened beside the policy.
vim.cmd('silent write')
vim.lsp.codelens.refresh()
local function of_line(line)
  for _, lens in ipairs(vim.lsp.codelens.get(0)) do
    if lens.range.start.line == line and lens.command and lens.command.command == 'writ.rule' then return lens end
  end
end
check('the lens of a rule', wait(function() return of_line(7) ~= nil end), vim.lsp.codelens.get(0))
if of_line(7) then
  local policy, windows = vim.api.nvim_get_current_win(), #vim.api.nvim_list_wins()
  local lens = of_line(7)
  vim.lsp.commands[lens.command.command](lens.command, { client_id = client, bufnr = 0 })
  check('its page is opened', wait(function() return #vim.api.nvim_list_wins() > windows end), vim.api.nvim_list_wins())
  local page = table.concat(vim.api.nvim_buf_get_lines(0, 0, -1, false), '\n')
  check('and says why', page:find('kept', 1, true) and vim.api.nvim_buf_get_name(0):find('.writ/view', 1, true), page)
  if #vim.api.nvim_list_wins() > windows then vim.cmd('close') end
  vim.api.nvim_set_current_win(policy)
end

local symbols = ask('textDocument/documentSymbol', { textDocument = vim.lsp.util.make_text_document_params() }) or {}
check('symbols', #symbols == 4, symbols)

-- A decision that was kept, as a test below the rule that it is about.
write('law.writ', {
  'use std.state.kind;',
  'use std.intent.covered;',
  '',
  'pub blueprint calm() {',
  '    deny loud(r) "{r} is loud" if covered(r), kind(r, "bell");',
  '}',
  '',
  'intent home "A home" {',
  '    cover r if kind(r, "bell");',
  '    owner "team-home";',
  '    apply calm();',
  '}',
})
write('change.json', {
  '{"format": "writ-change/1", "actions": [',
  '  {"id": "a1", "verb": "create", "resource": "b", "set": [["std.state.kind", "b", "bell"]]}]}',
})
local function run(words)
  return vim.fn.system('cd ' .. folder .. ' && ' .. writ .. ' ' .. words)
end
vim.cmd('silent write')
local said = run('init') .. run('decide change.json --actor ana --now 2026-03-02T10:00Z')
check('it is decided', vim.v.shell_error == 1, said)
vim.cmd('edit ' .. folder .. '/law.writ')
vim.bo.filetype = 'writ'
vim.lsp.buf_attach_client(0, client)
params = at(4, 12)
params.range = { start = params.position, ['end'] = params.position }
params.context = { diagnostics = {} }
local kept
for _, action in ipairs(ask('textDocument/codeAction', params) or {}) do
  if type(action.command) == 'table' and action.command.command == 'writ.example' then kept = action end
end
check('a decision is offered as a test', kept and kept.title:find('write a test from the deny', 1, true), kept)
if kept then
  local _, refused = ask('workspace/executeCommand', { command = kept.command.command, arguments = kept.command.arguments })
  check('the test is made', refused == nil, refused)
  wait(function() return #vim.api.nvim_buf_get_lines(0, 0, -1, false) > 12 end)
  local text = table.concat(vim.api.nvim_buf_get_lines(0, 12, -1, false), '\n')
  check('the test is written', text:find('expect deny home/law.calm.loud("b") introduced;', 1, true), text)
  check('it was found to pass', not text:find('does not pass', 1, true), text)
  vim.cmd('silent write')
  said = run('test')
  check('the test passes', vim.v.shell_error == 0, said)
end

-- The manifest is told what is wrong with it, and completed.
vim.cmd('edit ' .. folder .. '/writ.toml')
vim.lsp.buf_attach_client(0, client)
vim.api.nvim_buf_set_lines(0, 2, 3, false, { 'verzion = "1.0.0"', '', '[[source]]', 'kind = ' })
check('a wrong key is told', wait(function() return #vim.diagnostic.get(0) > 0 end), vim.diagnostic.get(0))
words = {}
completion = ask('textDocument/completion', at(5, 7)) or {}
for _, item in ipairs(completion.items or completion) do words[item.label] = true end
check('values of a key', words['"kubernetes"'] and words['"facts"'], completion)

vim.lsp.stop_client(client)
check('it ends', vim.wait(2000, function() return vim.lsp.client_is_stopped(client) end, 20), 'still there')
if #failures > 0 then
  io.stderr:write(table.concat(failures, '\n') .. '\n')
  vim.cmd('cquit 1')
end
io.stdout:write('neovim: every question answered\n')
vim.cmd('qall!')
