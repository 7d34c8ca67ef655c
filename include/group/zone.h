/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A time zone of the system's database: by how much its clocks differ from UTC, and when.
 *
 * The C library knows one zone a process, which is everybody's; so the file (RFC 9636, versions 1
 * to 4) is read here.  Pure but for the reading of the file; never changed: any thread.
 */
#ifndef GROUP_ZONE_H
#define GROUP_ZONE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

#define ZONE_FILE_MAX (256U * 1024U) /* octets; those of tzdata have four thousand at most */
#define ZONE_NAME_MAX 63U
#define ZONE_DIRECTORY "/usr/share/zoneinfo"
#define ZONE_LOCAL "/etc/localtime"

struct zone;

/* The zone of that name, such as Europe/Berlin; "": the machine's own, which is UTC where nothing
 * says otherwise.  ERR_SYNTAX, ERR_SYS, ERR_NOMEM, with text. */
enum err zone_read(const char *name, struct zone **ret_zone, struct err_text *text) MUST_CHECK;

/* The zone of a file's octets, which may be any.  ERR_SYNTAX: they are none.  ERR_NOMEM. */
enum err zone_parse(const uint8_t *octets, size_t len, struct zone **ret_zone) MUST_CHECK;

/* NULL is fine. */
void zone_free(struct zone *zone);

/* How many seconds the zone's clocks are ahead of UTC at that Unix time. */
int32_t zone_offset_s(const struct zone *zone, int64_t at_s);

#endif
