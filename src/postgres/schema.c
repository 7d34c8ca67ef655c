/* SPDX-License-Identifier: BSD-2-Clause */
#include "postgres/schema.h"

#include "postgres/columns.h"

#define VERSION 2

/* A migration is skipped where it was done already.  Its own texts are quoted by $f$. */
#define MIGRATION(number, statements)                                                              \
	"DO $m$ BEGIN IF (SELECT coalesce(max(version), 0) FROM sinkholed.version) < " number      \
	" THEN EXECUTE $sql$" statements                                                           \
	"$sql$; INSERT INTO sinkholed.version(version) VALUES (" number "); END IF; END $m$;\n"

static const char begin[] =
	"BEGIN;\n"
	"SELECT pg_advisory_xact_lock(7310867, 1);\n"
	"CREATE SCHEMA IF NOT EXISTS sinkholed;\n"
	"CREATE TABLE IF NOT EXISTS sinkholed.version(version integer PRIMARY KEY,"
	" at timestamptz NOT NULL DEFAULT now());\n"
	"SET LOCAL search_path TO sinkholed, pg_temp;\n";

/* clang-format off */
/* the addresses as texts are what the resolvers write; `network` is for prefixes to be found by */
static const char tables[] = MIGRATION(
	"1",
	"\nCREATE TABLE client(id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, address"
	" text COLLATE \"C\" NOT NULL, form smallint NOT NULL, network inet,"
	" UNIQUE(address, form));\n"
	"CREATE INDEX client_network ON client USING btree(network);\n"
	"CREATE TABLE list(id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, name text"
	" COLLATE \"C\" NOT NULL UNIQUE, family text NOT NULL DEFAULT '', reason text NOT"
	" NULL DEFAULT '', action text NOT NULL DEFAULT '', court text NOT NULL DEFAULT"
	" '', case_id text NOT NULL DEFAULT '', date text NOT NULL DEFAULT '', contact"
	" text NOT NULL DEFAULT '', url text NOT NULL DEFAULT '', remedy text NOT NULL"
	" DEFAULT '');\n"
	"CREATE TABLE finding(day date NOT NULL, client bigint NOT NULL, list bigint NOT"
	" NULL, name text COLLATE \"C\" NOT NULL" FINDING_COLUMNS(COLUMN_DECLARED)
	", PRIMARY KEY(client, list, name, day)) PARTITION BY RANGE(day);\n"
	"CREATE TABLE finding_other PARTITION OF finding DEFAULT;\n"
	"CREATE TABLE visit(client bigint NOT NULL, host text COLLATE \"C\" NOT NULL, port"
	" integer NOT NULL, method text NOT NULL, path text NOT NULL, agent text NOT NULL,"
	" ja4 text NOT NULL, first_s bigint NOT NULL, last_s bigint NOT NULL, count bigint"
	" NOT NULL, visits bigint NOT NULL, PRIMARY KEY(client, host, port, method, path,"
	" agent, ja4));\n"
	"CREATE TABLE stream(id uuid PRIMARY KEY, resolver text NOT NULL, last bigint NOT"
	" NULL, at timestamptz NOT NULL DEFAULT now());\n"
	"CREATE TABLE hold(subject text PRIMARY KEY, network inet NOT NULL, at timestamptz"
	" NOT NULL DEFAULT now(), who text NOT NULL, why text NOT NULL);\n"
	"CREATE TABLE audit(id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, at"
	" timestamptz NOT NULL DEFAULT now(), who text NOT NULL, act text NOT NULL,"
	" subject text NOT NULL, why text NOT NULL, findings bigint NOT NULL);\n"
	/* far days, by a clock that is wrong, have no table of their own */
	"CREATE FUNCTION make_day(wanted date) RETURNS boolean LANGUAGE plpgsql SECURITY"
	" DEFINER SET search_path = sinkholed, pg_temp AS $f$ BEGIN\n"
	" IF wanted < current_date - 400 OR wanted > current_date + 2 OR"
	" to_regclass('finding_' || to_char(wanted, 'YYYYMMDD')) IS NOT NULL THEN RETURN"
	" false; END IF;\n"
	" PERFORM pg_advisory_xact_lock(7310867, 2);\n"
	" IF to_regclass('finding_' || to_char(wanted, 'YYYYMMDD')) IS NOT NULL THEN"
	" RETURN false; END IF;\n"
	" EXECUTE format('CREATE TABLE %I PARTITION OF finding FOR VALUES FROM (%L) TO"
	" (%L)', 'finding_' || to_char(wanted, 'YYYYMMDD'), wanted, wanted + 1);\n"
	" RETURN true;\n"
	/* the default table has some of that day already, and goes on having it */
	"EXCEPTION WHEN check_violation OR duplicate_table THEN RETURN false; END $f$;\n"
	"CREATE VIEW held AS SELECT k.id FROM client k JOIN hold h ON k.network <<= h.network;\n"
	/* a day that is over goes as a whole, unless somebody of it is held */
	"CREATE FUNCTION prune(before_s bigint, unproven_before_s bigint) RETURNS bigint"
	" LANGUAGE plpgsql SECURITY DEFINER SET search_path = sinkholed, pg_temp SET"
	" lock_timeout = '2s' AS $f$\n"
	"DECLARE removed bigint := 0; n bigint; part record; BEGIN\n"
	" IF NOT pg_try_advisory_xact_lock(7310867, 3) THEN RETURN 0; END IF;\n"
	/* whoever is being held is waited for */
	" LOCK TABLE hold IN SHARE MODE;\n"
	" FOR part IN SELECT c.relname FROM pg_inherits i JOIN pg_class c ON c.oid ="
	" i.inhrelid WHERE i.inhparent = 'finding'::regclass AND c.relname ~"
	" '^finding_[0-9]{8}$' AND to_date(right(c.relname, 8), 'YYYYMMDD') + 1 <= date"
	" '1970-01-01' + (before_s / 86400)::integer LOOP\n"
	"  EXECUTE format('SELECT count(*) FROM %I f WHERE f.client IN (SELECT id FROM"
	" held)', part.relname) INTO n;\n"
	"  IF n = 0 THEN\n"
	"   EXECUTE format('SELECT count(*) FROM %I', part.relname) INTO n;\n"
	"   EXECUTE format('DROP TABLE %I', part.relname);\n"
	"   removed := removed + n;\n"
	"  END IF;\n"
	" END LOOP;\n"
	" DELETE FROM finding f WHERE f.day <= date '1970-01-01' + (greatest(before_s,"
	" unproven_before_s) / 86400)::integer AND (f.last_s < before_s OR (f.proven = 0"
	" AND f.last_s < unproven_before_s)) AND f.client NOT IN (SELECT id FROM held);\n"
	" GET DIAGNOSTICS n = ROW_COUNT; removed := removed + n;\n"
	" DELETE FROM visit v WHERE v.last_s < greatest(before_s, unproven_before_s) AND"
	" v.client NOT IN (SELECT id FROM held);\n"
	" GET DIAGNOSTICS n = ROW_COUNT; removed := removed + n;\n"
	" IF removed > 0 THEN\n"
	"  LOCK TABLE client IN SHARE ROW EXCLUSIVE MODE;\n"
	"  DELETE FROM client c WHERE NOT EXISTS (SELECT FROM finding f WHERE f.client ="
	" c.id) AND NOT EXISTS (SELECT FROM visit v WHERE v.client = c.id);\n"
	" END IF;\n"
	" DELETE FROM stream s WHERE s.at < now() - interval '400 days';\n"
	" RETURN removed;\n"
	"END $f$;\n"
	"REVOKE ALL ON FUNCTION make_day(date) FROM PUBLIC;\n"
	"REVOKE ALL ON FUNCTION prune(bigint, bigint) FROM PUBLIC;\n")
	MIGRATION(
	"2",
	"\nALTER TABLE finding ADD COLUMN rule_family text NOT NULL DEFAULT '', ADD COLUMN rule_ticket"
	" text NOT NULL DEFAULT '';\n");
/* clang-format on */

static const char end[] = "COMMIT;\n";

static const char roles[] =
	"-- Roles for GRANT ... TO a resolver, an analyst, who answers subscribers\n"
	"DO $m$ DECLARE r text; BEGIN"
	" FOREACH r IN ARRAY ARRAY['sinkholed_writer', 'sinkholed_reader', 'sinkholed_editor'] LOOP"
	" IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = r) THEN"
	" EXECUTE format('CREATE ROLE %I NOLOGIN', r); END IF;"
	" EXECUTE format('GRANT USAGE ON SCHEMA sinkholed TO %I', r);"
	" EXECUTE format('GRANT SELECT ON sinkholed.version, sinkholed.client, sinkholed.list,"
	" sinkholed.finding, sinkholed.visit TO %I', r);"
	" END LOOP;"
	" EXECUTE format('GRANT TEMPORARY ON DATABASE %I TO sinkholed_writer', current_database());"
	" END $m$;\n"
	"GRANT INSERT, UPDATE ON sinkholed.client, sinkholed.list, sinkholed.finding,"
	" sinkholed.visit TO sinkholed_writer;\n"
	"GRANT SELECT, INSERT, UPDATE ON sinkholed.stream TO sinkholed_writer;\n"
	"GRANT EXECUTE ON FUNCTION sinkholed.make_day(date), sinkholed.prune(bigint, bigint)"
	" TO sinkholed_writer;\n"
	"GRANT DELETE ON sinkholed.client, sinkholed.finding, sinkholed.visit"
	" TO sinkholed_editor;\n"
	"GRANT SELECT, INSERT, UPDATE, DELETE ON sinkholed.hold TO sinkholed_editor;\n"
	"GRANT SELECT ON sinkholed.held TO sinkholed_editor;\n"
	"GRANT SELECT, INSERT ON sinkholed.audit TO sinkholed_editor;\n";

void schema_print(FILE *out)
{
	fprintf(out, "-- The schema of sinkholed's ledger, version %d\n%s%s%s%s", VERSION, begin,
		tables, end, roles);
}

enum err schema_use(struct link *link, bool read_only, struct err_text *text)
{
	char limit[16];
	const char *const values[] = {limit, read_only ? "on" : "off"};

	snprintf(limit, sizeof(limit), "%u", link->limit_ms);
	/* what the database says that it has taken is removed from the spool */
	return link_ask(link,
			"SELECT set_config('search_path', 'sinkholed, pg_temp', false),"
			" set_config('statement_timeout', $1, false),"
			" set_config('lock_timeout', '10s', false),"
			" set_config('idle_in_transaction_session_timeout', '60s', false),"
			" set_config('default_transaction_read_only', $2, false),"
			/* whoever has waited for a lock sees what was done before it had it */
			" set_config('default_transaction_isolation', 'read committed', false),"
			" set_config('synchronous_commit', CASE"
			" current_setting('synchronous_commit') WHEN 'off' THEN 'on'"
			" ELSE current_setting('synchronous_commit') END, false),"
			" set_config('work_mem', '32MB', false), set_config('jit', 'off', false)",
			values, 2, NULL, text);
}

static enum err read_version(struct link *link, int64_t *ret_version, struct err_text *text)
{
	int64_t is_there = 0;
	enum err err =
		link_number(link, "SELECT (to_regclass('sinkholed.version') IS NOT NULL)::integer",
			    NULL, 0, 0, &is_there, text);

	if (err != ERR_OK || !is_there) {
		*ret_version = 0;
		return err;
	}
	return link_number(link, "SELECT max(version) FROM sinkholed.version", NULL, 0, 0,
			   ret_version, text);
}

static enum err bring_on(struct link *link, struct err_text *text)
{
	struct err_text why;
	const char *const steps[] = {begin, tables, end};
	enum err err = ERR_OK;

	for (size_t i = 0; err == ERR_OK && i < sizeof(steps) / sizeof(steps[0]); i++)
		err = link_run(link, steps[i], &why);
	if (err == ERR_OK)
		return ERR_OK;
	if (link->state[0] && link_run(link, "ROLLBACK", NULL) != ERR_OK)
		link->state[0] = '\0';
	return err_set(text, ERR_REFUSED,
		       "the schema cannot be made (%s): sinkholed --schema prints it, for the "
		       "database's owner",
		       why.text);
}

enum err schema_ready(struct link *link, bool migrates, struct err_text *text)
{
	int64_t version = 0;
	enum err err = read_version(link, &version, text);

	if (err != ERR_OK || version == VERSION)
		return err;
	if (version > VERSION)
		return err_set(text, ERR_REFUSED, "the schema is of a later version, %lld",
			       (long long)version);
	if (!migrates)
		return err_set(text, ERR_REFUSED,
			       version ? "the schema is of an earlier version" : "no ledger");
	return bring_on(link, text);
}
