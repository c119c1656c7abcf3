#pragma once
#include <sqlite3.h>

// sqlite3_config is variadic, which Swift cannot call.

/// Lets SQLite allocate without counting: the count is one lock for all threads of the process.
/// Only before the first connection is opened; SQLITE_MISUSE afterwards.
static inline int csqlite_do_not_count_memory(void) { return sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0); }
