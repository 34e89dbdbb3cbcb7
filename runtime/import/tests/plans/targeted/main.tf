variable "zones" {
  type    = set(string)
  default = ["a", "b"]
}

variable "token" {
  type      = string
  sensitive = true
  default   = "s3cr3t-token"
}

resource "terraform_data" "key" {
  input            = "key-1"
  triggers_replace = ["one"]
}

module "network" {
  source = "./modules/network"
  key    = terraform_data.key.id
  zones  = var.zones
}

module "cell" {
  source   = "./modules/network"
  for_each = var.zones
  key      = terraform_data.key.id
  zones    = [each.key]
}

resource "terraform_data" "subnet" {
  for_each = var.zones
  input    = each.key
}

resource "terraform_data" "host" {
  for_each = var.zones
  input = {
    subnet = terraform_data.subnet[each.key].id
    cell   = module.cell[each.key].first
    token  = var.token
  }
}

resource "terraform_data" "balancer" {
  input      = [for host in terraform_data.host : host.id]
  depends_on = [module.network]
}

locals {
  address = "${terraform_data.key.output}/x"
}

resource "terraform_data" "record" {
  input = local.address
}

resource "terraform_data" "old_name" {
  input = module.network.first
}

resource "terraform_data" "doomed" {
  input = terraform_data.key.id
}
