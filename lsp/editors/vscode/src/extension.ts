/**
 * Writ in VS Code: starts `writ lsp`, and shows the tests of a package in the test explorer.
 *
 * All answers about a policy are the server's; what stands here only carries them: `tests` into the test explorer, `pages`
 * beside the policy, with the places that they name as links.
 */
import * as vscode from "vscode";
import { LanguageClient, ServerOptions, State } from "vscode-languageclient/node";
import { isPage, links, show } from "./pages";
import { testExplorer } from "./tests";

let client: LanguageClient | undefined;

export async function activate(context: vscode.ExtensionContext): Promise<void> {
  context.subscriptions.push(
    vscode.commands.registerCommand("writ.restart", async () => {
      await client?.stop();
      await start();
    }),
    vscode.workspace.onDidChangeConfiguration(async (changed) => {
      if (changed.affectsConfiguration("writ.path")) {
        await client?.stop();
        await start();
      }
    }),
    testExplorer(program),
    links(),
  );
  await start();
}

export async function deactivate(): Promise<void> {
  await client?.stop();
}

/** The `writ` program: a name on the path, or where it is. */
function program(): string {
  return vscode.workspace.getConfiguration("writ").get<string>("path") || "writ";
}

async function start(): Promise<void> {
  const run = { command: program(), args: ["lsp"] };
  const options: ServerOptions = { run, debug: run };
  client = new LanguageClient("writ", "Writ", options, {
    documentSelector: [{ language: "writ" }, { scheme: "file", pattern: "**/writ.toml" }],
    synchronize: { fileEvents: vscode.workspace.createFileSystemWatcher("**/{*.writ,writ.toml,writ.lock}") },
    middleware: {
      window: {
        showDocument: async (params, next) => {
          const uri = vscode.Uri.parse(params.uri);
          if (!params.external && isPage(uri)) {
            await show(uri);
            return { success: true };
          }
          const answer = await next(params, new vscode.CancellationTokenSource().token);
          return "success" in answer ? answer : { success: false };
        },
      },
    },
  });
  client.onDidChangeState(({ newState }) => {
    if (newState === State.Running) void vscode.commands.executeCommand("setContext", "writ.running", true);
  });
  try {
    await client.start();
  } catch (error) {
    const choice = await vscode.window.showErrorMessage(
      `\`${run.command} lsp\` did not start: ${error instanceof Error ? error.message : String(error)}. ` +
        "Install Writ (`cargo install --path cli`), or say where it is.",
      "Set writ.path",
    );
    if (choice) void vscode.commands.executeCommand("workbench.action.openSettings", "writ.path");
  }
}
