string.format("%99999d", 1) ("x"):rep(-1) table.concat({}, "x", -1 << 62, 1 << 62)
