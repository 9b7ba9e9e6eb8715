-- What the Lua guest does: numeric loops, tables, strings, closures, objects, coroutines, errors and a few
-- floating-point numbers. Returns `work(rounds)`, which gives one integer that depends on all of it.

local function mix(sum, x) return (sum * 31 + x) & 0xffffffffffff end

-- Numeric loops over an array: a sieve, then a small matrix product.
local function numbers(n)
  local composite, count = {}, 0
  for i = 2, n do
    if not composite[i] then
      count = count + 1
      for k = i * i, n, i do composite[k] = true end
    end
  end
  local size, a, b = 8, {}, {}
  for i = 1, size * size do a[i], b[i] = i % 7 + 1, i * i % 11 end
  for i = 0, size - 1 do
    for j = 1, size do
      local dot = 0
      for k = 0, size - 1 do dot = dot + a[i * size + k + 1] * b[k * size + j] end
      count = mix(count, dot)
    end
  end
  return count
end

-- Integers with carries and divisions, and the same in floating point.
local function arithmetic(n)
  local x, f = 12345, 0.5
  for i = 1, n do
    x = (x * 1103515245 + 12345) & 0x7fffffff
    x = x ~ (x >> 3)
    if x % 3 == 0 then x = x // 3 end
    if i % 50 == 0 then f = f * 1.25 + i / 8 end
    if f > 1e6 then f = f - 1e6 end
  end
  return mix(x, #string.format("%.14g", f) + f // 1 | 0)
end

-- Strings: building, splitting, searching, replacing, formatting.
local function strings(n)
  local words, sum = {}, 0
  for i = 1, n do words[i] = string.format("%s%03d", string.char(97 + i * 7 % 26), i * i % 1000) end
  local text = table.concat(words, ",")
  for word in text:gmatch("[^,]+") do sum = mix(sum, word:byte(1) * #word) end
  local replaced, times = text:gsub("(%a)(%d+)", "%2%1")
  sum = mix(sum, times)
  for i = 1, #replaced, 5 do sum = mix(sum, replaced:byte(i)) end
  sum = mix(sum, (replaced:find("961", 1, true)) or 7)
  return mix(sum, #(text:rep(2):upper():reverse()))
end

-- Tables with string keys, sorting with a comparison function.
local function tables(n)
  local counts, keys = {}, {}
  for i = 1, n do
    local key = "k" .. i * 17 % 97
    if not counts[key] then keys[#keys + 1] = key end
    counts[key] = (counts[key] or 0) + i
  end
  table.sort(keys, function(p, q)
    if counts[p] ~= counts[q] then return counts[p] > counts[q] end
    return p < q
  end)
  local sum = #keys
  for i, key in ipairs(keys) do sum = mix(sum, counts[key] * i) end
  return sum
end

-- Closures that share variables, and objects with inherited methods.
local Shape = {}
Shape.__index = Shape
function Shape.new(w, h) return setmetatable({ w = w, h = h }, Shape) end
function Shape:area() return self.w * self.h end
local Box = setmetatable({}, { __index = Shape })
Box.__index = Box
function Box.new(w, h, d)
  local box = Shape.new(w, h)
  box.d = d
  return setmetatable(box, Box)
end
function Box:volume() return self:area() * self.d end

local function objects(n)
  local function counter()
    local total = 0
    return function(x) total = total + x return total end, function() return total end
  end
  local add, get = counter()
  for i = 1, n do add(Box.new(i, i + 1, 3):volume() % 1009) end
  return get()
end

-- Coroutines as generators; errors caught across calls.
local function jumps(n)
  local function tree(depth)
    if depth > 0 then
      tree(depth - 1)
      coroutine.yield(depth)
      tree(depth - 1)
    end
  end
  local sum = 0
  for depth in coroutine.wrap(function() tree(n) end) do sum = mix(sum, depth) end
  for i = 1, 20 do
    local ok, message = pcall(function()
      if i % 3 == 0 then error("three " .. i, 0) end
      if i % 7 == 0 then error({ code = i }) end
      return i
    end)
    sum = mix(sum, ok and message or type(message) == "table" and message.code or #message)
  end
  return sum
end

local function fib(n)
  if n < 2 then return n end
  return fib(n - 1) + fib(n - 2)
end

return function(rounds)
  local sum = 0
  for _ = 1, rounds do
    sum = mix(0, numbers(300))
    sum = mix(sum, arithmetic(700))
    sum = mix(sum, strings(40))
    sum = mix(sum, tables(100))
    sum = mix(sum, objects(60))
    sum = mix(sum, jumps(5))
    sum = mix(sum, fib(11))
  end
  return sum
end
