variable "zones" {
  type    = set(string)
  default = ["b", "c"]
}

variable "token" {
  type      = string
  sensitive = true
  default   = "s3cr3t-token"
}

resource "terraform_data" "key" {
  input            = "key-1"
  triggers_replace = ["two"]
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

moved {
  from = terraform_data.old_name
  to   = terraform_data.new_name
}

resource "terraform_data" "new_name" {
  input = module.network.first
}

