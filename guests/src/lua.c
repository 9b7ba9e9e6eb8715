/*
 * The Lua 5.4 interpreter, from the sources in crate lua-src, and a script for it: lua/work.lua. A round is one run of
 * the script's function in the same Lua state; the last one's result is checked. Without the libraries that
 * need an operating system or a mathematical library.
 */
#include "guest.h"

#include "lauxlib.h"
#include "lua.h"
#include "lualib.h"

static const char SCRIPT[] = {
#embed "lua/work.lua"
};

static const luaL_Reg LIBRARIES[] = {
    {LUA_GNAME, luaopen_base},
    {LUA_COLIBNAME, luaopen_coroutine},
    {LUA_TABLIBNAME, luaopen_table},
    {LUA_STRLIBNAME, luaopen_string},
};

int main(int argc, char **argv) {
    uint64_t rounds = guest_rounds(argc, argv, 1);
    if (rounds == 0) return 0;
    lua_State *lua = luaL_newstate();
    if (!lua) return 2;
    for (size_t i = 0; i < sizeof LIBRARIES / sizeof LIBRARIES[0]; i++) {
        luaL_requiref(lua, LIBRARIES[i].name, LIBRARIES[i].func, 1);
        lua_pop(lua, 1);
    }
    if (luaL_loadbuffer(lua, SCRIPT, sizeof SCRIPT, "work") != LUA_OK) return 3;
    lua_call(lua, 0, 1);
    lua_pushinteger(lua, (lua_Integer)rounds);
    if (lua_pcall(lua, 1, 1, 0) != LUA_OK) return 4;
    int whole;
    lua_Integer result = lua_tointegerx(lua, -1, &whole);
    if (!whole || result != 0x843879341855) return 1;
    lua_close(lua);
    return 0;
}
