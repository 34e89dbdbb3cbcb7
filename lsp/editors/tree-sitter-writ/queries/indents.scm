[(blueprint) (intent) (test) (fixture) (cases) (given) (change) (act) (rule) (governance) (let)] @indent.begin
"}" @indent.end
