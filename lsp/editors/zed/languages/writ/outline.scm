(entity "entity" @context name: (name) @name) @item
(enum "enum" @context name: (name) @name) @item
(relation "relation" @context name: (name) @name) @item
(let "let" @context name: (name) @name) @item
(rule head: (atom relation: (path) @name)) @item
(governance word: _ @context name: (name) @name) @item
(blueprint "blueprint" @context name: (name) @name) @item
(intent "intent" @context name: (name) @name) @item
(fixture "fixture" @context name: (name) @name) @item
(test "test" @context name: (text) @name) @item
