/* SPDX-License-Identifier: BSD-2-Clause */
#include "evidence/database.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"

bool database_is_there(const char *path)
{
	struct stat there;

	if (lstat(path, &there) != 0)
		return false;
	if (S_ISREG(there.st_mode))
		return eaccess(path, R_OK | W_OK) == 0;
	errno = S_ISDIR(there.st_mode) ? EISDIR : ELOOP;
	return false;
}

bool database_make(const char *path)
{
	int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

	if (fd < 0)
		return errno == EEXIST && database_is_there(path);
	close(fd);
	return true;
}

/* ---- opened */

/* How one that is only read is opened. */
enum reading {
	READ_BESIDE,   /* a writer's log is there: as its reader */
	READ_AS_OWNER, /* none is, but may be at any moment: one of its own, which goes with it */
	READ_SEALED,   /* none is, and none can be made: as it stands, by no lock */
};

static bool may_write(const char *path)
{
	const char *name = strrchr(path, '/');
	char folder[PATH_MAX] = ".";
	int len = name ? (int)(name - path) + 1 : 1;

	return eaccess(path, W_OK) == 0 &&
	       snprintf(folder, sizeof(folder), "%.*s", len, name ? path : ".") <
		       (int)sizeof(folder) &&
	       eaccess(folder, W_OK) == 0;
}

static enum reading how_to_read(const char *path)
{
	char log[PATH_MAX];

	if (snprintf(log, sizeof(log), "%s-wal", path) >= (int)sizeof(log) ||
	    access(log, F_OK) == 0 || eaccess(path, R_OK) != 0)
		return READ_BESIDE;
	return may_write(path) ? READ_AS_OWNER : READ_SEALED;
}

/* The whole path, or as it is given where that cannot be told: see use_paths_as_given. */
static int full_or_given(sqlite3_vfs *vfs, const char *path, int size, char *ret_path)
{
	size_t len = strlen(path);

	if (sqlite3_vfs_find(NULL)->xFullPathname(vfs, path, size, ret_path) == SQLITE_OK)
		return SQLITE_OK;
	if (len >= (size_t)size)
		return SQLITE_CANTOPEN;
	memcpy(ret_path, path, len + 1);
	return SQLITE_OK;
}

/*
 * SQLite makes each path a whole one and looks at each directory of it.  Where root starts the
 * daemon below /root and it becomes another user, that fails, while the path from the working
 * directory is as good as ever.  Gives the name of a VFS that takes it then; NULL: there is none.
 */
static const char *use_paths_as_given(void)
{
	static const char name[] = "paths-as-given";
	const sqlite3_vfs *common = sqlite3_vfs_find(NULL);
	sqlite3_vfs *vfs = common && !sqlite3_vfs_find(name) ? malloc(sizeof(*vfs)) : NULL;

	if (vfs) { /* SQLite keeps it until the process ends */
		*vfs = *common;
		vfs->zName = name;
		vfs->xFullPathname = full_or_given;
		sqlite3_vfs_register(vfs, 0);
	}
	return sqlite3_vfs_find(name) ? name : NULL;
}

static int open_as(const char *path, enum reading how, sqlite3 **ret_db)
{
	const char *vfs = use_paths_as_given();
	int flags = how == READ_AS_OWNER ? SQLITE_OPEN_READWRITE : SQLITE_OPEN_READONLY;
	char *uri = sqlite3_mprintf("file:%s%s", path, how == READ_SEALED ? "?immutable=1" : "");
	int rc = SQLITE_NOMEM;

	/* in a URI these would have a meaning */
	if (uri && !strpbrk(path, "?#%"))
		rc = sqlite3_open_v2(uri, ret_db, flags | SQLITE_OPEN_URI | SQLITE_OPEN_NOMUTEX,
				     vfs);
	else
		rc = sqlite3_open_v2(path, ret_db, flags | SQLITE_OPEN_NOMUTEX, vfs);
	sqlite3_free(uri);
	return rc;
}

/* Whether a log has what is not in the database. */
static bool has_log(const char *path)
{
	char log[PATH_MAX];
	struct stat there;

	return snprintf(log, sizeof(log), "%s-wal", path) >= (int)sizeof(log) ||
	       (stat(log, &there) == 0 && there.st_size > 0);
}

/* As where a disk is full. */
static bool lacks_files(sqlite3 *db)
{
	int rc = sqlite3_exec(db, "PRAGMA schema_version", NULL, NULL, NULL) & 0xff;

	return rc == SQLITE_IOERR || rc == SQLITE_CANTOPEN || rc == SQLITE_FULL;
}

int database_open(const char *path, bool read_only, sqlite3 **ret_db)
{
	int rc = open_as(path, read_only ? how_to_read(path) : READ_AS_OWNER, ret_db);

	if (rc == SQLITE_OK && read_only && lacks_files(*ret_db) && !has_log(path)) {
		sqlite3_close(*ret_db);
		rc = open_as(path, READ_SEALED, ret_db);
	}
	if (rc == SQLITE_OK && read_only)
		rc = sqlite3_exec(*ret_db, "PRAGMA query_only=1", NULL, NULL, NULL);
	return rc;
}

/* ---- statements */

enum err database_fail(sqlite3 *db, struct err_text *text)
{
	int reason = sqlite3_errcode(db) & 0xff;

	return err_set(text,
		       reason == SQLITE_CORRUPT || reason == SQLITE_NOTADB ? ERR_SYNTAX : ERR_SYS,
		       "%s", sqlite3_errmsg(db));
}

enum err database_run(sqlite3 *db, const char *statements, struct err_text *text)
{
	return sqlite3_exec(db, statements, NULL, NULL, NULL) == SQLITE_OK
		       ? ERR_OK
		       : database_fail(db, text);
}

sqlite3_stmt *database_prepare(sqlite3 *db, const char *statement)
{
	sqlite3_stmt *prepared;

	if (sqlite3_prepare_v2(db, statement, -1, &prepared, NULL) != SQLITE_OK)
		return NULL;
	return prepared;
}

bool database_step(sqlite3_stmt *statement)
{
	bool done = sqlite3_step(statement) == SQLITE_DONE;

	return sqlite3_reset(statement) == SQLITE_OK && done;
}

int database_version(sqlite3 *db)
{
	sqlite3_stmt *q = database_prepare(db, "PRAGMA user_version");
	int version = -1;

	if (q && sqlite3_step(q) == SQLITE_ROW)
		version = sqlite3_column_int(q, 0);
	sqlite3_finalize(q);
	return version;
}

/* ---- broken */

void database_set_aside(const char *path)
{
	static const char *const parts[] = {"-wal", "-shm", ""};
	char from[PATH_MAX + 16];
	char to[PATH_MAX + 16];
	int rc = 0;

	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]) && rc == 0; i++) {
		snprintf(from, sizeof(from), "%s%s", path, parts[i]);
		snprintf(to, sizeof(to), "%s.broken%s", path, parts[i]);
		rc = renameat2(AT_FDCWD, from, AT_FDCWD, to, RENAME_NOREPLACE);
		if (rc != 0 && errno == ENOENT)
			rc = 0;
	}
	if (rc == 0)
		log_error("%s is broken: it is set aside as %s, and another one begun", path, to);
	else
		log_limited(LOG_LEVEL_ERROR, "%s is broken, and cannot be set aside as %s: %s",
			    path, to, strerror(errno));
}
