rule a {
  strings:
    $x = "alpha"
    $x = "beta"
  condition: $x
}
