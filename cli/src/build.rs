//! `writ build`: a policy's program in another form.

use crate::arguments::Build;
use crate::failure::Failure;
use crate::output::{self, Answer};
use crate::{package, policy, progress};
use compiler::names::near;
use program::{Program, RelationId};

/// Compiles a policy and writes it as a Rust module.
pub(crate) fn build(arguments: &Build) -> Result<Answer, Failure> {
    progress::stage("compiling the policy");
    let package = package::load(&arguments.policy.policy)?;
    let compiled = policy::compile(&package)?;
    let program = &compiled.program;
    let roots =
        arguments.relation.iter().map(|name| relation(program, name)).collect::<Result<Vec<RelationId>, _>>()?;
    let module = emit::emit(program, &package.name(), &roots)
        .map_err(|unfit| Failure::Malformed(format!("the policy cannot be built as Rust\n{unfit}")))?;
    let Some(file) = &arguments.output else { return Ok(Answer::of(module)) };
    output::write(file, module.as_bytes())?;
    Ok(Answer { notes: format!("written: {}\n", file.display()), ..Answer::of(String::new()) })
}

fn relation(program: &Program, name: &str) -> Result<RelationId, Failure> {
    program.find(name).ok_or_else(|| {
        let known = program.relations.iter().filter(|relation| !relation.hidden).map(|relation| relation.name.as_str());
        let help = match near(name, known) {
            Some(found) => format!("did you mean `{found}`?"),
            None => String::from("a relation is named with its module: `policy.exposed`"),
        };
        Failure::Malformed(format!("--relation {name}: the program has no such relation\n  help: {help}"))
    })
}
