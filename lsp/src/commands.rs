//! What a lens, an action or a user has done: a page that answers, or a test that is written.

use crate::act;
use crate::folder::Home;
use crate::handlers::root;
use crate::manifest::Manifest;
use crate::server::{Editor, broken, refused};
use crate::view::View;
use compiler::diagnostic::Code;
use std::path::Path;
use tower_lsp_server::jsonrpc::{Error, Result};
use tower_lsp_server::ls_types::{ExecuteCommandParams, LSPAny, MessageType, ShowDocumentParams, Uri};

impl Editor {
    /// Does what a command says.
    ///
    /// # Errors
    /// Why it cannot be done.
    pub(crate) async fn execute(&self, params: ExecuteCommandParams) -> Result<Option<LSPAny>> {
        let about = params.arguments.into_iter().next().unwrap_or_default();
        let name = params.command;
        if name == act::EXAMPLE {
            return self.example(&about).await;
        }
        let (home, page) = match name.as_str() {
            "writ.explain" => {
                let code = about["code"].as_str().and_then(Code::numbered);
                let code = code.ok_or_else(|| refused(String::from("writ.explain: `code` names no diagnostic")))?;
                (Home::Alone(String::new()), code.page().to_owned())
            }
            _ if !act::COMMANDS.contains(&name.as_str()) => {
                return Err(refused(format!("{name}: there is no such command")));
            }
            "writ.uses" => self.uses(&about).await?,
            _ => self.asked(&name, &about).await?,
        };
        self.show(&home, &act::title(&name, &about), &page).await
    }

    /// The page that says where a relation is read, or a blueprint applied, and whose it is.
    async fn uses(&self, about: &LSPAny) -> Result<(Home, String)> {
        let (word, name) = match (about["relation"].as_str(), about["blueprint"].as_str()) {
            (Some(relation), _) => ("used", relation.to_owned()),
            (None, Some(blueprint)) => ("applied", blueprint.to_owned()),
            (None, None) => return Err(missing("writ.uses", "relation")),
        };
        let (here, there) = (name.clone(), name.clone());
        let question =
            move |view: &View<'_>, module: &str| (view.home.clone(), module.to_owned(), act::uses(view, "", &here));
        let of_other = move |view: &View<'_>, (_, module, _): &(Home, String, Vec<String>)| {
            let name = view.manifest.and_then(Manifest::package).map(|name| format!("{name}/")).unwrap_or_default();
            act::uses(view, &name, &format!("{module}.{there}"))
        };
        let found = self.read_near(uri("writ.uses", about)?, question, of_other).await?;
        let ((home, _, mut lines), others, _) = found.ok_or_else(|| nobodys("writ.uses"))?;
        lines.extend(others.into_iter().flatten());
        let many = act::counted(lines.len(), "place");
        Ok((home, format!("{name} is {word} in {many}\n\n{}\n", lines.join("\n"))))
    }

    /// The page that answers a question about the model, and whose it is.
    async fn asked(&self, name: &str, about: &LSPAny) -> Result<(Home, String)> {
        let (asked, command) = (about.clone(), name.to_owned());
        let question = move |view: &View<'_>| (view.home.clone(), view.written(), act::read(view, &command, &asked));
        let read = self.read(uri(name, about)?, question).await?;
        let (home, written, asked) = read.ok_or_else(|| nobodys(name))?;
        let asked = asked.map_err(refused)?;
        let (known, of) = (self.known.clone(), home.clone());
        let work = tokio::task::spawn_blocking(move || act::answer(asked, act::model(&known, &of, &written)));
        Ok((home, work.await.map_err(|_| broken())?.map_err(refused)?))
    }

    /// Writes a page, and has the editor open it.
    async fn show(&self, home: &Home, title: &str, page: &str) -> Result<Option<LSPAny>> {
        let file = act::kept(home, title, page).map_err(refused)?;
        let uri = Uri::from_file_path(&file);
        let client = self.client.clone();
        match uri.clone().filter(|_| self.can().shows) {
            // The editor may ask something before it shows: it is not waited for.
            Some(uri) => drop(tokio::spawn(async move {
                let params = ShowDocumentParams { uri, external: Some(false), take_focus: Some(true), selection: None };
                let _ = client.show_document(params).await;
            })),
            // One that opens nothing is told where the page is.
            None => {
                let first = page.lines().find(|line| !line.trim().is_empty()).unwrap_or_default();
                client.show_message(MessageType::INFO, format!("{first}\n{}", file.display())).await;
            }
        }
        Ok(Some(serde_json::json!({ "text": page, "uri": uri })))
    }

    /// Writes the test that states a decision below the text of a file.
    async fn example(&self, about: &LSPAny) -> Result<Option<LSPAny>> {
        let uri = uri(act::EXAMPLE, about)?;
        let digest = about["decision"].as_str().ok_or_else(|| missing(act::EXAMPLE, "decision"))?.to_owned();
        let home = self.read(uri.clone(), |view| root(view.home).map(Path::to_owned)).await?.flatten();
        let home = home.ok_or_else(|| refused(String::from("a file that stands alone has no log of decisions")))?;
        let known = self.known.clone();
        let made = tokio::task::spawn_blocking(move || known.example(&home, &digest)).await;
        let test = made.map_err(|_| broken())?.map_err(refused)?;
        let below = test.clone();
        if let Some(edit) = self.read(uri, move |view| act::appended(view, &below)).await?.flatten() {
            let client = self.client.clone();
            // It is the editor's to apply: what it answers changes nothing here.
            tokio::spawn(async move {
                let _ = client.apply_edit(edit).await;
            });
        }
        Ok(Some(serde_json::json!({ "text": test })))
    }
}

fn missing(command: &str, key: &str) -> Error {
    refused(format!("{command}: `{key}` is missing"))
}

fn nobodys(command: &str) -> Error {
    refused(format!("{command}: no package has this file"))
}

/// The file that a command is about.
fn uri(command: &str, about: &LSPAny) -> Result<Uri> {
    about["uri"].as_str().and_then(|uri| uri.parse().ok()).ok_or_else(|| missing(command, "uri"))
}
