[(rule) (governance) (let) (cover)] @local.scope
(expression (path . (name) @local.reference .))
