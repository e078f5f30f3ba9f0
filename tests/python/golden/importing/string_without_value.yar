rule a {
  strings:
    $x = alpha
  condition: $x
}
