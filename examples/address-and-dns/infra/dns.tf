locals {
  shop = toset(["", "www", "api"])
  pay  = toset(["", "www", "checkout", "hooks"])
}

resource "aws_route53_zone" "shop" {
  name = "shop.example"
}

resource "aws_route53_zone" "pay" {
  name = "pay.example"
}

resource "aws_route53_record" "shop" {
  for_each = local.shop
  zone_id  = aws_route53_zone.shop.zone_id
  name     = each.key
  type     = "A"
  ttl      = 300
  records  = [local.edge]
}

resource "aws_route53_record" "pay" {
  for_each = local.pay
  zone_id  = aws_route53_zone.pay.zone_id
  name     = each.key
  type     = "A"
  ttl      = 300
  records  = [local.edge]
}
