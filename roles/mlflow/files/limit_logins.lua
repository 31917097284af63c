-- What HAProxy's own rules cannot do for logins that MLflow has not checked yet: take turns, and wait.
local PAUSE_MS, PAUSES, SLOW_MS = 20, 1000, 1000

-- Some versions of HAProxy give 0 and 1, and 0 is true in Lua.
local function is_true(value)
  return value == true or value == 1
end

-- One login of an address is checked at a time. Otherwise many at once would all be checked before the first one fails.
core.register_action("await_login_turn", { "http-req" }, function(txn)
  local address, login = txn:get_var("txn.address"), txn:get_var("txn.login")
  for _ = 1, PAUSES do
    if is_true(txn.c:in_table(login, "mlflow_logins")) then return end
    if (tonumber(txn.c:table_conn_cur(address, "mlflow_failures")) or 0) == 0 then return end
    core.msleep(PAUSE_MS)
  end
  txn:set_var("txn.no_turn", true)
end)

core.register_action("slow_login", { "http-req" }, function()
  core.msleep(SLOW_MS)
end)
