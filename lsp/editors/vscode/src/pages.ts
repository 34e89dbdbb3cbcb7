/**
 * The pages that the server answers with: proofs, near misses, tuples, tests.
 *
 * The server writes each as a text of its own; here it is shown beside the policy, and every place that it names
 * (`policy.writ:12:5`) leads there.
 */
import * as path from "node:path";
import * as vscode from "vscode";

/** The language of a page. */
const PAGE = "writ-page";

/** A file of a policy or of its facts, a line, a column. */
const PLACE = /([\w./-]+\.(?:writ|json|csv|tfstate|ya?ml)):(\d+)(?::(\d+))?/g;

/** Shows a page beside what is being written; the next one takes its place. */
export async function show(uri: vscode.Uri): Promise<void> {
  const document = await vscode.workspace.openTextDocument(uri);
  await vscode.languages.setTextDocumentLanguage(document, PAGE);
  await vscode.window.showTextDocument(document, {
    viewColumn: vscode.ViewColumn.Beside,
    preview: true,
    preserveFocus: true,
  });
}

/** Whether a file is a page: the server keeps them in `.writ/view`. */
export function isPage(uri: vscode.Uri): boolean {
  return /[/\\]\.?writ[^/\\]*[/\\]view[/\\][^/\\]+\.txt$/.test(uri.fsPath);
}

/** The places that pages name, as links. */
export function links(): vscode.Disposable {
  return vscode.languages.registerDocumentLinkProvider({ language: PAGE }, {
    provideDocumentLinks(document) {
      // `.writ/view/….txt` stands in the folder of the package, which places are seen from.
      const root = path.dirname(path.dirname(path.dirname(document.uri.fsPath)));
      return [...document.getText().matchAll(PLACE)].map((match) => {
        const range = new vscode.Range(
          document.positionAt(match.index),
          document.positionAt(match.index + match[0].length),
        );
        const file = match[1].startsWith("std/") ? path.join(root, ".writ", "library", match[1].slice(4)) : path.join(root, match[1]);
        const place = `L${match[2]}${match[3] ? `,${match[3]}` : ""}`;
        return new vscode.DocumentLink(range, vscode.Uri.file(file).with({ fragment: place }));
      });
    },
  });
}
