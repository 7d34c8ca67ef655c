/* SPDX-License-Identifier: BSD-2-Clause */
#include "report/command.h"

#include <getopt.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "evidence/archive.h"
#include "hunt/ask.h"
#include "postgres/postgres.h"
#include "report/report.h"
#include "evidence/client.h"
#include "report/subject.h"
#include "report/when.h"

/* The options, X(field, name, argument ("": none), help). */
#define OPTIONS(X)                                                                                 \
	X(report, "report", "", "report the findings")                                             \
	X(erase, "erase", "ADDRESS", "erase all findings of an address or prefix, for good")       \
	X(hold, "hold", "ADDRESS", "have nobody remove findings of an address or prefix")          \
	X(release, "release", "ADDRESS", "end that")                                               \
	X(schema, "schema", "", "print the SQL that makes the tables and roles in PostgreSQL")     \
	X(store, "store", "PATH", "the ledger: ledger.db of the state directory, or a URL")        \
	X(password_file, "password-file", "PATH", "with the password for a store that is a URL")   \
	X(format, "format", "FORMAT", "of the report; table")                                      \
	X(by, "by", "WHAT", "client: a line a client, over all names; visit: to the landing")      \
	X(client, "client", "ADDRESS", "findings of this address or prefix alone")                 \
	X(list, "list", "LIST", "of this list alone")                                              \
	X(family, "family", "FAMILY", "of this family alone")                                      \
	X(name, "name", "NAME", "of this name and what is below it alone")                         \
	X(since, "since", "TIME", "seen then or later: 2026-11-28, 2026-11-28T07:00:00Z, 3d, 12h") \
	X(until, "until", "TIME", "seen then or earlier")                                          \
	X(proven, "proven", "", "of clients that have shown their address (TCP, TLS, cookie)")     \
	X(key_file, "key-file", "PATH", "the key of encrypted addresses, which are shown then")    \
	X(names, "names", "FILES", "hosts files and DHCP leases (dnsmasq, Kea, ISC), with commas") \
	X(org, "org", "NAME", "who reports")                                                       \
	X(contact, "contact", "MAIL", "mail address of who reports (xarf)")                        \
	X(domain, "domain", "DOMAIN", "domain of who reports (xarf)")                              \
	X(because, "because", "TEXT", "the reason, for the audit (erase, hold, release)")

/* The arguments of the options; "" of those without one; NULL: not given. */
struct options {
#define X(field, name, argument, help) const char *field;
	OPTIONS(X)
#undef X
};

enum option_number {
#define X(field, name, argument, help) OPTION_##field,
	OPTIONS(X)
#undef X
		OPTION_COUNT
};

static const struct option long_options[] = {
#define X(field, name, argument, help)                                                             \
	{name, sizeof(argument) > 1 ? required_argument : no_argument, NULL, OPTION_##field},
	OPTIONS(X)
#undef X
		{NULL, 0, NULL, 0},
};

bool command_is_one(const char *word)
{
	return strcmp(word, "--report") == 0 || strcmp(word, "--erase") == 0 ||
	       strcmp(word, "--hold") == 0 || strcmp(word, "--release") == 0 ||
	       strcmp(word, "--schema") == 0;
}

void command_help(FILE *out)
{
	fputs("\nof a ledger, with or without a daemon (--report, --erase, --hold, --release or "
	      "--schema comes first):\n",
	      out);
#define X(field, name, argument, help)                                                             \
	fprintf(out, "  --%s%s%s\n\t%s\n", name, sizeof(argument) > 1 ? " " : "", argument, help);
	OPTIONS(X)
#undef X
	fputs("formats:\n", out);
#define X(enumerator, word, help) fprintf(out, "  %s\n\t%s\n", word, help);
	REPORT_FORMATS(X)
#undef X
}

static int fail(const char *text)
{
	fprintf(stderr, "sinkholed: %s\n", text);
	return EXIT_FAILURE;
}

/* False when the command line is wrong, of which something was said. */
static bool read_options(int argc, char **argv, struct options *o)
{
	const char **fields[] = {
#define X(field, name, argument, help) &o->field,
		OPTIONS(X)
#undef X
	};
	int number;

	while ((number = getopt_long(argc, argv, "", long_options, NULL)) != -1) {
		if (number < 0 || number >= OPTION_COUNT)
			return false;
		*fields[number] = optarg ? optarg : "";
	}
	if (optind < argc)
		fail("there is an argument too many");
	else if (!o->store && !o->schema)
		fail("--store is missing: the path of ledger.db, or a URL");
	else if (o->by && report_by_of(o->by) == REPORT_BY_COUNT)
		fail("--by can be: finding, client, visit");
	else
		return true;
	return false;
}

/*
 * Whoever is root becomes who the ledger belongs to: files that SQLite makes beside it would keep
 * the daemon out.
 */
static enum err become_owner(const char *path, struct err_text *text)
{
	struct stat st;

	if (geteuid() != 0 || stat(path, &st) != 0 || st.st_uid == 0)
		return ERR_OK;
	if (setegid(st.st_gid) != 0 || seteuid(st.st_uid) != 0)
		return err_set(text, ERR_SYS, "%s: cannot become its owner", path);
	return ERR_OK;
}

/* ---- reports */

/* What a report is about, as the store has it. */
struct subject {
	char client[CLIENT_TEXT_MAX];
	char name[NAME_TEXT_MAX];
};

/* From when to when. */
static enum err read_times(const struct options *o, struct report_query *q, struct err_text *text)
{
	struct archive_filter *filter = &q->filter;
	enum err err = ERR_OK;

	if (o->since)
		err = when_parse(o->since, q->now_s, &filter->since_s, text);
	if (err == ERR_OK && o->until)
		err = when_parse(o->until, q->now_s, &filter->until_s, text);
	if (err == ERR_OK && o->since && o->until && filter->until_s < filter->since_s)
		err = err_set(text, ERR_SYNTAX, "--until %s is before --since %s", o->until,
			      o->since);
	return err;
}

static enum err query_of(const struct options *o, struct report_query *q, struct subject *subject,
			 struct err_text *text)
{
	enum err err = ERR_OK;

	q->now_s = (uint32_t)clock_unix_s();
	q->format = report_format_of(o->format ? o->format : "table");
	if (q->format == REPORT_FORMAT_COUNT)
		return err_set(text, ERR_SYNTAX, "there is no format %s", o->format);
	q->by = report_by_of(o->by ? o->by : "finding");
	q->org = o->org;
	q->contact = o->contact;
	q->domain = o->domain;
	q->filter.list = o->list;
	q->filter.family = o->family;
	q->filter.proven = o->proven != NULL;
	if (o->client) {
		err = subject_client(o->client, q->ipcrypt, subject->client, text);
		q->filter.client = subject->client;
	}
	if (err == ERR_OK && o->name) {
		err = subject_name(o->name, subject->name, text);
		q->filter.name = subject->name;
	}
	return err == ERR_OK ? read_times(o, q, text) : err;
}

static enum err read_names(const char *paths, struct leases **ret_leases, struct err_text *text)
{
	enum err err = err_set(text, leases_create(LEASES_MAX, ret_leases), "out of memory");

	return err == ERR_OK ? leases_read(*ret_leases, paths, text) : err;
}

static enum err open_store(const struct options *o, enum archive_mode mode,
			   struct archive **ret_archive, struct err_text *text)
{
	const struct archive_place place = {.store = o->store,
					    .password_file =
						    o->password_file ? o->password_file : "",
					    .resolver = "",
					    .spool = ""};

	return archive_open_at(&place, mode, ret_archive, text);
}

/* Of a client that was asked for, findings may be there in a form that it was not looked for in. */
static enum err tell_hidden(const struct report_hidden *hidden, const struct ipcrypt *key,
			    struct err_text *text)
{
	if (hidden->plain)
		return err_set(text, ERR_REFUSED,
			       "the ledger has addresses that are not encrypted by this key as "
			       "well, which were not looked at");
	if (hidden->encrypted)
		return err_set(text, ERR_REFUSED,
			       key ? "the ledger has addresses that are encrypted by another key, "
				     "which were not looked at"
				   : "the ledger has addresses that are encrypted, which were not "
				     "looked at without their --key-file");
	return ERR_OK;
}

static enum err report(const struct options *o, struct ipcrypt *key, struct err_text *text)
{
	struct report_query query = {.ipcrypt = key};
	struct report_hidden hidden;
	struct subject subject;
	struct archive *archive = NULL;
	enum err err = query_of(o, &query, &subject, text);

	if (err == ERR_OK && o->names)
		err = read_names(o->names, &query.leases, text);
	if (err == ERR_OK)
		err = open_store(o, ARCHIVE_READ, &archive, text);
	if (err == ERR_OK)
		err = report_write(archive, &query, stdout, text);
	if (err == ERR_OK && o->client)
		err = report_hides(archive, key, &hidden, text);
	if (err == ERR_OK && o->client)
		err = tell_hidden(&hidden, key, text);
	archive_close(archive);
	leases_free(query.leases);
	return err;
}

/* ---- erasure and holds */

/* Who asks, for the audit: also behind sudo. */
static void name_operator(char *buf, size_t size)
{
	const char *before = getenv("SUDO_USER");
	char record[1024];
	struct passwd user;
	struct passwd *pw = NULL;

	if (getpwuid_r(getuid(), &user, record, sizeof(record), &pw) != 0)
		pw = NULL;
	snprintf(buf, size, "%s (uid %u)%s%s", pw ? pw->pw_name : "?", (unsigned int)getuid(),
		 before ? ", SUDO_USER " : "", before ? before : "");
}

/* Beside the ledger, in the state directory, are the stores of hunts. */
static enum err erase_hunts(const void *arg, const char *subject, uint64_t *ret_erased,
			    struct err_text *text)
{
	const char *store = arg;
	const char *end = strrchr(store, '/');
	char *state = end ? strndup(store, (size_t)(end - store) + 1) : strdup(".");
	enum err err = state ? hunt_erase(state, subject, ret_erased, text)
			     : err_set(text, ERR_NOMEM, "out of memory");

	free(state);
	return err;
}

/* What is done to the findings of a client. */
struct deed {
	enum archive_act act;
	const char *done; /* what findings are then */
	const char *given;
};

static struct deed deed_of(const struct options *o)
{
	if (o->erase)
		return (struct deed){ARCHIVE_ERASE, "erased", o->erase};
	if (o->hold)
		return (struct deed){ARCHIVE_HOLD, "held", o->hold};
	return (struct deed){ARCHIVE_RELEASE, "released", o->release};
}

static enum err act_on(struct archive *archive, const struct options *o, struct ipcrypt *key,
		       uint64_t *findings, struct err_text *text)
{
	struct deed deed = deed_of(o);
	char subject[CLIENT_TEXT_MAX];
	uint64_t some = 0;
	char who[160];
	enum err err = subject_client(deed.given, key, subject, text);

	if (err != ERR_OK)
		return err;
	name_operator(who, sizeof(who));
	err = archive_act(archive, deed.act, subject, who, o->because, &some, text);
	*findings += some;
	return err;
}

/* A hold may be on the address in either form, whatever has become of what it was for. */
static enum err release_all(struct archive *archive, const struct options *o, struct ipcrypt *key,
			    uint64_t *findings, struct err_text *text)
{
	enum err err = act_on(archive, o, key, findings, text);
	struct err_text reason = {""};
	enum err plain;

	if (err != ERR_OK && err != ERR_NOTFOUND)
		return err;
	plain = act_on(archive, o, NULL, findings, &reason);
	if (plain == ERR_NOTFOUND)
		return err;
	*text = reason;
	return plain;
}

/* With a key also what was written down before there was one, where there is such: elsewhere the
 * audit is not to have the address. */
static enum err act_on_all(struct archive *archive, const struct options *o, struct ipcrypt *key,
			   struct err_text *text)
{
	bool release = deed_of(o).act == ARCHIVE_RELEASE;
	struct report_hidden hidden;
	uint64_t findings = 0;
	enum err err = report_hides(archive, key, &hidden, text);

	if (err == ERR_OK)
		err = key && release ? release_all(archive, o, key, &findings, text)
				     : act_on(archive, o, key, &findings, text);
	if (err == ERR_OK && hidden.plain && !release)
		err = act_on(archive, o, NULL, &findings, text);
	if (err != ERR_OK)
		return err;
	printf("%llu findings %s\n", (unsigned long long)findings, deed_of(o).done);
	hidden.plain = false; /* they were looked at */
	return tell_hidden(&hidden, key, text);
}

static enum err act(const struct options *o, struct ipcrypt *key, struct err_text *text)
{
	struct deed deed = deed_of(o);
	char subject[CLIENT_TEXT_MAX];
	struct archive *archive;
	enum err err = subject_client(deed.given, key, subject, text);

	if (err == ERR_OK && !o->because)
		err = err_set(text, ERR_SYNTAX, "--because is missing: the reason, for the audit");
	if (err == ERR_OK)
		err = open_store(o, ARCHIVE_EDIT, &archive, text);
	if (err != ERR_OK)
		return err;
	if (archive_is_remote(o->store) && deed.act == ARCHIVE_ERASE)
		fputs("sinkholed: what resolvers keep for hunts is erased on each of them\n",
		      stderr);
	else
		archive_erases_also(archive, erase_hunts, o->store);
	err = act_on_all(archive, o, key, text);
	archive_close(archive);
	return err;
}

int command_run(int argc, char **argv)
{
	struct options o = {.store = NULL};
	struct ipcrypt *key = NULL;
	struct err_text text = {""};
	enum err err = ERR_OK;

	if (!read_options(argc, argv, &o))
		return EXIT_FAILURE;
	if (o.schema) {
		postgres_print_schema(stdout);
		return fflush(stdout) == 0 ? EXIT_SUCCESS : fail("it cannot be written");
	}
	if (o.key_file)
		err = ipcrypt_read(o.key_file, &key, &text);
	if (err == ERR_OK)
		err = become_owner(o.store, &text);
	if (err == ERR_OK)
		err = o.report ? report(&o, key, &text) : act(&o, key, &text);
	ipcrypt_free(key);
	return err == ERR_OK ? EXIT_SUCCESS : fail(text.text);
}
