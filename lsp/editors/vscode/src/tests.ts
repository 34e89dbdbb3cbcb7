/**
 * The tests of every package in the test explorer.
 *
 * A `test "…"` in the first column of a file is one; `writ test --json` runs them, and says of each what was expected
 * and what came instead.
 */
import { execFile } from "node:child_process";
import * as path from "node:path";
import * as vscode from "vscode";

/** What `writ test --json` answers. */
interface Answer {
  tests: { name: string; place: string; failures: Failure[] }[];
}

/** An expectation that was not met. */
interface Failure {
  place: string;
  expected: string;
  instead: string[];
}

const TITLE = /^test\s+"((?:[^"\\]|\\.)*)"/gm;

/**
 * - `program`: the `writ` program.
 */
export function testExplorer(program: () => string): vscode.Disposable {
  const controller = vscode.tests.createTestController("writ", "Writ");
  const files = "**/*.writ";
  const watcher = vscode.workspace.createFileSystemWatcher(files);

  const read = async (uri: vscode.Uri) => {
    if (/[/\\](\.writ|vendor|node_modules|target)[/\\]/.test(uri.fsPath)) return;
    const open = vscode.workspace.textDocuments.find((document) => document.uri.toString() === uri.toString());
    const text = open?.getText() ?? new TextDecoder().decode(await vscode.workspace.fs.readFile(uri));
    const found = [...text.matchAll(TITLE)];
    if (found.length === 0) {
      controller.items.delete(uri.toString());
      return;
    }
    const file = controller.createTestItem(uri.toString(), vscode.workspace.asRelativePath(uri), uri);
    for (const match of found) {
      const title = JSON.parse(`"${match[1].replace(/\\u\{([0-9a-fA-F]+)\}/g, (_, hex) => String.fromCodePoint(parseInt(hex, 16)))}"`);
      const line = text.slice(0, match.index).split("\n").length - 1;
      const item = controller.createTestItem(`${uri}#${title}`, title, uri);
      item.range = new vscode.Range(line, 0, line, match[0].length);
      file.children.add(item);
    }
    controller.items.add(file);
  };

  controller.resolveHandler = async (item) => {
    if (item) return;
    for (const uri of await vscode.workspace.findFiles(files)) await read(uri);
  };
  controller.refreshHandler = () => controller.resolveHandler?.(undefined);
  controller.createRunProfile(
    "Run",
    vscode.TestRunProfileKind.Run,
    (request, cancelled) => run(controller, program(), request, cancelled),
    true,
  );
  void controller.resolveHandler(undefined);
  return vscode.Disposable.from(
    controller,
    watcher,
    watcher.onDidCreate(read),
    watcher.onDidChange(read),
    watcher.onDidDelete((uri) => controller.items.delete(uri.toString())),
    vscode.workspace.onDidChangeTextDocument(({ document }) => {
      if (document.languageId === "writ") void read(document.uri);
    }),
  );
}

async function run(
  controller: vscode.TestController,
  program: string,
  request: vscode.TestRunRequest,
  cancelled: vscode.CancellationToken,
): Promise<void> {
  const run = controller.createTestRun(request);
  const asked: vscode.TestItem[] = [];
  const collect = (item: vscode.TestItem) => {
    if (request.exclude?.includes(item)) return;
    if (item.children.size === 0) asked.push(item);
    else item.children.forEach(collect);
  };
  if (request.include) request.include.forEach(collect);
  else controller.items.forEach(collect);

  // A file is run once, whatever of it was asked for: what takes time is compiling its package.
  const policies = new Map<string, vscode.TestItem[]>();
  for (const item of asked) {
    run.started(item);
    const policy = await packageOf(item.uri!);
    policies.set(policy, [...(policies.get(policy) ?? []), item]);
  }
  await vscode.workspace.saveAll(false);
  for (const [policy, items] of policies) {
    const started = Date.now();
    const { code, stdout, stderr } = await execute(program, ["test", "--policy", policy, "--json"], cancelled);
    if (code !== 0 && code !== 1) {
      const message = new vscode.TestMessage(stderr.trim() || `${program} ended with ${code}`);
      items.forEach((item) => run.errored(item, message));
      continue;
    }
    const answer = JSON.parse(stdout) as Answer;
    for (const item of items) {
      // A test with cases is told case by case: `title: case`.
      const outcomes = answer.tests.filter(({ name }) => name === item.label || name.startsWith(`${item.label}: `));
      const failures = outcomes.flatMap((outcome) => outcome.failures);
      if (outcomes.length === 0) run.skipped(item);
      else if (failures.length === 0) run.passed(item, Date.now() - started);
      else run.failed(item, failures.map((failure) => told(item, failure)), Date.now() - started);
    }
  }
  run.end();
}

/** What was expected, where it stands, and what came instead; the lens above the test says why. */
function told(item: vscode.TestItem, { place, expected, instead }: Failure): vscode.TestMessage {
  const came = instead.map((line) => `instead: ${line}`);
  const message = new vscode.TestMessage([`expected ${expected}`, ...came].join("\n"));
  const line = Number(/:(\d+)/.exec(place)?.[1] ?? 1) - 1;
  message.location = new vscode.Location(item.uri!, new vscode.Position(line, 0));
  return message;
}

/** The nearest folder above a file that has a `writ.toml`; the file itself where there is none. */
async function packageOf(uri: vscode.Uri): Promise<string> {
  for (let folder = path.dirname(uri.fsPath); ; folder = path.dirname(folder)) {
    try {
      await vscode.workspace.fs.stat(vscode.Uri.file(path.join(folder, "writ.toml")));
      return folder;
    } catch {
      if (path.dirname(folder) === folder) return uri.fsPath;
    }
  }
}

function execute(
  program: string,
  args: string[],
  cancelled: vscode.CancellationToken,
): Promise<{ code: number; stdout: string; stderr: string }> {
  return new Promise((resolve) => {
    const child = execFile(program, args, { maxBuffer: 1 << 26 }, (error, stdout, stderr) => {
      const code = error ? (typeof error.code === "number" ? error.code : 70) : 0;
      resolve({ code, stdout, stderr: stderr || (error?.message ?? "") });
    });
    cancelled.onCancellationRequested(() => child.kill());
  });
}
