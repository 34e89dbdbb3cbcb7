; The last match wins in Neovim and Zed, the first in Helix: no node is named twice here.

(comment) @comment
(doc_comment) @comment.documentation
(module_doc) @comment.documentation

["use"] @keyword.import
["if" "not" "in" "is" "as" "by" "per" "to"] @keyword
["entity" "enum" "relation" "let" "blueprint" "intent" "test" "fixture" "cases" "given" "expect" "cover" "owner" "criticality" "apply" "key" "prefer" "session" "without"] @keyword
["deny" "permit" "escalate"] @keyword.control
["overlay" "change" "authority" "least" "most"] @keyword.modifier
(public) @keyword.modifier

(attribute "@" @attribute name: (name) @attribute)

(relation name: (name) @function)
(let name: (name) @function)
(governance name: (name) @function)
(blueprint name: (name) @type)
(intent name: (name) @type)
(entity name: (name) @type)
(enum name: (name) @type)
(fixture name: (name) @type)
(enum_member) @constant
(named_type (path) @type)

(column name: (name) @variable.parameter)
(named_argument column: (name) @variable.parameter)
(atom relation: (path (name) @function.call .))
(aggregate function: (name) @function.builtin)
(act verb: (name) @keyword)

(text) @string
(number) @number
(duration) @number
(time) @number
(boolean) @boolean
(any) @variable.builtin

["==" "!=" "<" "<=" ">" ">=" "=" "??" "+" "-" "*"] @operator
["(" ")" "{" "}" "[" "]"] @punctuation.bracket
["," ";" ":" "." "/"] @punctuation.delimiter
