# Before: resources `left` and `a`, both applied.

removed {
  from = terraform_data.left
  lifecycle { destroy = false }
}

moved {
  from = terraform_data.a
  to   = terraform_data.b
}

resource "terraform_data" "b" { input = "a" }

import {
  to = terraform_data.taken
  id = "0b1bd6f1-6ae9-4b41-a4a1-9ab0d9b4a3c5"
}

resource "terraform_data" "taken" { input = "now set" }

resource "terraform_data" "careful" {
  input = terraform_data.taken.id
  lifecycle { create_before_destroy = true }
}
