[(blueprint) (intent) (test) (fixture) (cases) (given) (change) (enum)] @fold
