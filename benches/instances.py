#!/usr/bin/env python3
"""Writes a policy that applies one blueprint N times: `instances.py 1000 FOLDER`."""
import os
import sys

BLUEPRINT = """//! One blueprint, applied many times.

use std.segmentation.segmentation;
use std.state.tag;

"""

count, folder = int(sys.argv[1]), sys.argv[2]
with open(os.path.join(folder, "writ.toml"), "w") as manifest:
    manifest.write('[package]\nname = "bench/instances"\nversion = "1.0.0"\nedition = "2026"\nowner = "team"\n')
with open(os.path.join(folder, "policy.writ"), "w") as policy:
    policy.write(BLUEPRINT)
    for n in range(count):
        policy.write(f'''intent i{n} "One of many" {{
    cover r if tag(r, "part", "{n}");
    owner "team-{n}";
    apply segmentation(key: "data", value: "{n}", trusted: {{"zone-{n}"}}, open_ports: {{443, {1000 + n}}});
}}

''')
