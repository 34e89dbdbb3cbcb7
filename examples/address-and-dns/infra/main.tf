terraform {
  required_providers {
    aws = { source = "hashicorp/aws" }
  }
}

resource "aws_eip" "edge" {
  domain = "vpc"
  tags   = { system = "shop" }
}

locals {
  # Everything that the world reaches stands behind one address.
  edge = aws_eip.edge.public_ip
}
