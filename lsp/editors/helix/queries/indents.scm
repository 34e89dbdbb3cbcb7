; Helix has words of its own for indents; the other queries are ../../tree-sitter-writ/queries.

[
  (use) (enum) (relation) (let) (rule) (governance) (blueprint) (intent) (test) (fixture)
  (cover) (apply)
  (cases) (case) (given) (change) (act) (expect) (fact) (without)
  (columns) (arguments) (aggregate) (set) (object) (list)
] @indent

["}" ")" "]"] @outdent

; What stands below an attribute begins where that does.
((attribute) . _ @outdent)
