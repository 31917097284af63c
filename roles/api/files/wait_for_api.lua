-- Holds a request until a server of the API is up, for three seconds at most.
local PAUSE_MS, PAUSES = 50, 60

core.register_action("wait_for_api", { "http-req" }, function()
  for _ = 1, PAUSES do
    for _, server in pairs(core.backends["api"].servers) do
      if server:get_name() ~= "waiting" and server:get_stats().status:match("^UP") then return end
    end
    core.msleep(PAUSE_MS)
  end
end)
