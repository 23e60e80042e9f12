local function f() return pcall(f) or f() end f()
