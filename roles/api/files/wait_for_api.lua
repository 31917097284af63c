-- Holds a request until a server of the API is up, for three seconds at most.
local PAUSE_MS, PAUSES = 50, 60
-- One task looks for all, while any request waits: a look costs HAProxy as much as a request, and thousands may wait.
local looks, is_up, is_wanted = 0, false, false

core.register_task(function()
  while true do
    if is_wanted then
      is_wanted = false
      local found = false
      for _, server in pairs(core.backends["api"].servers) do
        if server:get_name() ~= "waiting" and server:get_stats().status:match("^UP") then found = true end
      end
      looks, is_up = looks + 1, found
    end
    core.msleep(PAUSE_MS)
  end
end)

core.register_action("wait_for_api", { "http-req" }, function()
  -- An earlier look may be from before the servers went away.
  local before = looks
  for _ = 1, PAUSES do
    if is_up and looks > before then return end
    is_wanted = true
    core.msleep(PAUSE_MS)
  end
end)
