return string.rep("a", 1 << 40)
