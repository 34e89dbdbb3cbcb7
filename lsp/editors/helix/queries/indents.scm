; Helix has words of its own for indents; the other queries are ../../tree-sitter-writ/queries.

[
  (use) (enum) (relation) (let) (rule) (governance) (blueprint) (intent) (test) (fixture)
  (cover) (apply)
  (cases) (case) (given) (change) (act) (expect) (fact) (without)
  (columns) (arguments) (aggregate) (set) (object) (list)
] @indent

["}" ")" "]"] @outdent

; A value that begins on the line of its case's name, and has others behind it, stands below the case as they do.
((case [(object) (list) (set)] @indent.always . ",") @case
  (#same-line? @case @indent.always))

; What stands below an attribute begins where that does.
((attribute) . _ @outdent)
