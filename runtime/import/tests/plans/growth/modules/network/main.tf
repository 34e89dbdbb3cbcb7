variable "key" { type = string }
variable "zones" { type = set(string) }

resource "terraform_data" "part" {
  for_each = var.zones
  input    = { key = var.key, zone = each.value }
}

output "first" {
  value = terraform_data.part[sort(var.zones)[0]].id
}
