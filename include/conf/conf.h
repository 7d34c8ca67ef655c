/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The configuration: read from YAML, checked, and from then on never changed.
 *
 * The structs are made from the rows of option/options.h.  A field is called as its key in
 * the file, with '_' for '-' and its unit at the end (_ms, _s, _bytes, _percent; `case` is
 * case_id).  A list is a pointer with its length in <field>_count behind it.  What each type is in
 * C is in value/types.h; texts are never NULL ("" when not given), an address not given has the
 * family 0.
 *
 *     conf->server.listen[0 .. listen_count)          struct endpoint
 *     conf->server.drain_timeout_ms                   uint32_t
 *     conf->cache.size_bytes                          uint64_t
 *     conf->upstreams[0 .. upstreams_count).address   struct endpoint
 *     conf->local.names[0 .. names_count).ipv4[i]     struct ip
 *     conf->lists[0 .. lists_count).sinkhole.ipv4     struct ip
 *     conf->lists[i].authority.court                  char *
 *     conf->lists[i].file                             char *, of one with a url where its copy is
 *     conf->guard.protected[0 .. protected_count)     char *
 *     conf->state.directory                           char *
 */
#ifndef CONF_CONF_H
#define CONF_CONF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "base/addr.h"
#include "base/err.h"
#include "list/report.h"
#include "match/policy.h"
#include "option/options.h"
#include "value/types.h"

/* A configuration file larger than this is refused. */
#define CONF_FILE_MAX (1024U * 1024U)

/* clang-format off */

/* Beside the types of value/types.h: the options of a section, or several such. */
#define CONF_TYPE_SECTION(name)  SECTION,  struct conf_##name, name
#define CONF_TYPE_SECTIONS(name) SECTIONS, struct conf_##name, name

/* The members of a struct, from its rows. */
#define CONF_MEMBER(section, field, key, type, ...) CONF_MEMBER_EXPAND(CONF_TYPE_##type, field)
#define CONF_MEMBER_EXPAND(...)                     CONF_MEMBER_OF(__VA_ARGS__)
#define CONF_MEMBER_OF(kind, ctype, known, field)   CONF_MEMBER_##kind(ctype, field)
#define CONF_MEMBER_VALUE(ctype, field)             ctype field;
#define CONF_MEMBER_VALUES(ctype, field)            ctype *field; size_t field##_count;
#define CONF_MEMBER_SECTION(ctype, field)           ctype field;
#define CONF_MEMBER_SECTIONS(ctype, field)          ctype *field; size_t field##_count;

#define CONF_STRUCT(section, ROWS) struct conf_##section { ROWS(CONF_MEMBER) };
CONF_SECTIONS(CONF_STRUCT)

/* A whole configuration; owns all it points to. */
struct conf { CONF_ROWS_MAIN(CONF_MEMBER) };

/* clang-format on */

/* What a list does where no rule of its own says another thing. */
static inline enum action conf_list_action(const struct conf_list *list)
{
	if (list->action == ACTION_GIVEN && list->format != LIST_FORMAT_RPZ)
		return ACTION_SINKHOLE;
	return list->action;
}

/* A place in the file, from 1; line 0: there is none to name. */
struct conf_mark {
	size_t line;
	size_t column;
};

#define CONF_MISTAKES_MAX 32

/* What is wrong with a file, in the order of its lines; if CONF_MISTAKES_MAX, there may be more. */
struct conf_mistakes {
	size_t count;
	struct conf_mistake {
		struct conf_mark mark;
		struct err_text text;
	} list[CONF_MISTAKES_MAX];
};

/*
 * Of a mistake that shows itself only when the configuration is used ("outgoing.tls-ca: ..."): puts
 * in where the file at `path` has the option, by reading it again, and FILE:LINE:COLUMN before the
 * text.  Nothing changes when the file cannot be read any more, or has no such option.
 */
void conf_locate(const char *path, struct conf_mistake *mistake);

/*
 * Reads and checks the file at `path`.  Relative paths in it stay as they are: they are meant
 * from the directory the process was started in.  The caller frees `*ret_conf`.  Any thread.
 * On failure each text of `mistakes` (filled anew) is one line,
 * "FILE:LINE:COLUMN: option: expected ..., got ..."; where there is no place in the file to name
 * (the file cannot be read), there is one mistake, "FILE: reason".
 * ERR_CONFIG: the text is wrong.  ERR_SYS: the file cannot be read.  ERR_NOMEM.
 */
enum err conf_load_all(const char *path, struct conf **ret_conf,
		       struct conf_mistakes *mistakes) MUST_CHECK;

/*
 * As conf_load_all, for a look at what the file names: with mistakes, too, `*ret_conf` is what
 * could be read of it, or NULL.  Never to be put in force then: what has a mistake is as if it were
 * not there, and the rules between options do not hold.
 */
enum err conf_load_draft(const char *path, struct conf **ret_conf,
			 struct conf_mistakes *mistakes) MUST_CHECK;

/* As conf_load_all; `text` (may be NULL) is that of the first mistake, and says how many more
 * there are. */
enum err conf_load(const char *path, struct conf **ret_conf, struct err_text *text) MUST_CHECK;

/* As conf_load, of `len` octets of YAML at hand (NULL when 0); `name` stands for the file in
 * `text`. */
enum err conf_parse(const char *name, const char *yaml, size_t len, struct conf **ret_conf,
		    struct err_text *text) MUST_CHECK;

/* What an empty file would give.  The caller frees it.  ERR_NOMEM. */
enum err conf_default(struct conf **ret_conf) MUST_CHECK;

/* Frees it and all it owns; NULL is fine. */
void conf_free(struct conf *conf);

/*
 * Writes every option with its value as YAML; read again it gives the same configuration.
 * ERR_SYS when writing failed.
 */
enum err conf_dump(const struct conf *conf, FILE *out) MUST_CHECK;

/* As conf_dump, for somebody's eyes: values that are secret are hidden, and what is written is no
 * configuration any more where there is one. */
enum err conf_dump_shown(const struct conf *conf, FILE *out) MUST_CHECK;

/* Called with the full name of an option, such as "server.workers"; valid during the call. */
typedef void conf_option_fn(void *arg, const char *option);

/*
 * Calls `fn` for each option that differs between the two and that a running server cannot take
 * on; returns how many there were.  `fn` may be NULL.
 */
size_t conf_restart_needed(const struct conf *running, const struct conf *wanted,
			   conf_option_fn *fn, void *arg);

/* Writes the options as mdoc(7), section by section: what stands in sinkholed.yaml(5). */
enum err conf_write_man(FILE *out) MUST_CHECK;

/* Upstreams that are asked for the same: for all, for a zone, or for a group. */
struct conf_upstreams {
	const struct conf_upstream *servers;
	size_t count;
};

/* The `index`th of these, from 0; false: there are no more. */
bool conf_upstreams_at(const struct conf *conf, size_t index, struct conf_upstreams *ret_set);

/* True when what is sent to the address comes back to server.listen, however it is written. */
bool conf_listens_on(const struct conf *conf, const struct endpoint *address);

#endif
