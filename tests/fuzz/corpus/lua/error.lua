coroutine.wrap(function() coroutine.yield(coroutine.running()) end)()
error(setmetatable({}, {__tostring = error}))
