/* SPDX-License-Identifier: BSD-2-Clause */
/* sinkholed: reads the command line and wires the parts together. */
#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "base/thread.h"
#include "compiled/compiled.h"
#include "conf/conf.h"
#include "audit/verify.h"
#include "daemon/arguments.h"
#include "trial/check.h"
#include "daemon/announce.h"
#include "daemon/beside.h"
#include "daemon/cachefile.h"
#include "system/files.h"
#include "keep/keep.h"
#include "daemon/lifecycle.h"
#include "order/past.h"
#include "order/proof.h"
#include "load/loader.h"
#include "load/notes.h"
#include "daemon/successor.h"
#include "trial/trial.h"
#include "system/privilege.h"
#include "report/command.h"
#include "manual/compile.h"
#include "net/listener.h"
#include "net/worker.h"
#include "system/statelock.h"
#include "system/store.h"

#define LOCK_WAIT_MS 2000 /* for a process before that is ending */
#define WORKER_FILES 4U	  /* of each, beside its sockets: what it waits by, and is woken by */

static int fail(const char *text)
{
	log_error("%s", text);
	return EXIT_FAILURE;
}

static int fail_all(const struct conf_mistakes *mistakes)
{
	for (size_t i = 0; i < mistakes->count; i++)
		log_error("%s", mistakes->list[i].text.text);
	if (mistakes->count == CONF_MISTAKES_MAX)
		log_error("so many mistakes that there may be more");
	return EXIT_FAILURE;
}

static size_t worker_count(const struct conf *conf)
{
	long cores = sysconf(_SC_NPROCESSORS_ONLN);

	if (conf->server.workers > 0)
		return conf->server.workers;
	return cores > 0 ? (size_t)cores : 1;
}

/* What this process was handed when it was started. */
struct legacy {
	struct successor successor;
	struct inherited inherited;
	uint64_t drops; /* of the sockets, before */
	struct beside beside;
	struct statelock
		*lock; /* NULL: there is no state directory, or the process before has it */
};

/* Takes what is still to be listened on; the rest is let go first, since it may stand in the way.
 */
static enum err open_listeners(const struct conf *conf, struct legacy *legacy, size_t workers,
			       struct listeners *l, struct err_text *text)
{
	const struct endpoint *listen = conf->server.listen;
	size_t count = conf->server.listen_count;
	size_t others = inherited_close_others(&legacy->inherited, listen, count);
	enum err err;

	if (others > 0 && !successor_is_one(&legacy->successor))
		store_forget();
	err = listeners_open(listen, count, workers, &legacy->inherited, l, text);
	legacy->drops = l->drops;
	return err;
}

/* A directory that cannot be locked, as on some file systems, is used all the same. */
static enum err lock_state(const struct conf *conf, struct legacy *legacy, struct err_text *text)
{
	enum err err;

	if (!*conf->state.directory)
		return ERR_OK;
	err = statelock_take(conf->state.directory, LOCK_WAIT_MS, &legacy->lock, text);
	if (err == ERR_EXISTS)
		return err;
	if (err != ERR_OK)
		log_warning("%s: whether another daemon has this state.directory is not known",
			    text->text);
	return ERR_OK;
}

/* Binds, prepares the state directory, and gives up all privileges. */
static enum err enter(const struct conf *conf, struct legacy *legacy, struct workers_config *config,
		      struct err_text *text)
{
	struct listeners *l = config->listeners;
	struct privilege_user user;
	size_t workers = worker_count(conf);
	uint64_t limit = files_raise();
	enum err err = beside_open(&legacy->beside, conf, &legacy->inherited);
	size_t fixed;

	if (err == ERR_OK)
		err = open_listeners(conf, legacy, workers, l, text);
	fixed = workers * (2 * l->addresses + WORKER_FILES) + landing_files(legacy->beside.landing);
	if (err == ERR_OK)
		err = files_check(limit, fixed, text);
	if (err != ERR_OK)
		return err;
	config->files = files_share(conf, limit, workers, fixed);
	err = privilege_find(conf->server.user, &user, text);
	if (err == ERR_OK && *conf->state.directory)
		err = keep_prepare(conf->state.directory, user.uid, user.gid, text);
	if (err == ERR_OK)
		err = privilege_drop(&user, text);
	if (err == ERR_OK && *conf->state.directory)
		keep_check(conf->state.directory);
	if (err == ERR_OK && !successor_is_one(&legacy->successor))
		err = lock_state(conf, legacy, text);
	return err;
}

/* Who reads that the daemon is ready may end it at once: its sockets and its store are closed
 * first. */
static void hold_ends(void)
{
	sigset_t held;

	sigemptyset(&held);
	sigaddset(&held, SIGTERM);
	sigaddset(&held, SIGINT);
	pthread_sigmask(SIG_BLOCK, &held, NULL);
}

/* The workers serve: this is told, who was before may end, and sockets are kept over the next
 * restart. */
static void begin_service(struct legacy *legacy, const struct workers *workers,
			  const struct listeners *listeners, const struct load_result *result,
			  struct minutes *minutes)
{
	const struct snapshot *snapshot = workers_snapshot(workers);
	struct err_text text;
	const int *sockets;
	size_t count;

	hold_ends();
	announce(snapshot, result, listeners, isatty(STDERR_FILENO) == 1);
	sockets = workers_sockets(workers, &count);
	if (!successor_is_one(&legacy->successor))
		announce_lost(sockets, count, legacy->drops);
	if (successor_is_one(&legacy->successor)) {
		successor_serves(&legacy->successor);
		if (lock_state(snapshot->conf, legacy, &text) != ERR_OK)
			log_warning("%s", text.text);
	}
	if (store_keep(sockets, count))
		announce_restart(sockets, result);
	proof_tell(snapshot, minutes);
}

/* A reload asked for while starting up waits, rather than to end the process, which what
 * cannot be written does not end either. */
static void hold_signals(void)
{
	sigset_t held;

	signal(SIGPIPE, SIG_IGN);
	signal(SIGXFSZ, SIG_IGN); /* LimitFSIZE= */
	sigemptyset(&held);
	sigaddset(&held, SIGHUP);
	sigaddset(&held, SIGUSR1);
	sigaddset(&held, SIGUSR2);
	sigprocmask(SIG_BLOCK, &held, NULL);
}

/* Serves until a signal ends the daemon.  Takes over `first`. */
static enum err serve(const struct arguments *args, struct legacy *legacy,
		      struct workers_config *config, struct snapshot *first,
		      const struct load_result *result, const struct notes *notes)
{
	struct lifecycle_config life = {
		.conf_path = args->conf_path,
		.argv = args->argv,
		.name_key = config->name_key,
		.cookie_secret = config->cookie_secret,
		.first = result,
		.notes = notes,
		.beside = &legacy->beside,
		.handed = successor_manual(&legacy->successor),
		.lock = &legacy->lock,
		.successor = &legacy->successor,
	};
	bool succeeds = successor_is_one(&legacy->successor);
	enum err err = cache_create(first->conf->cache.size_bytes, &config->cache);

	life.cache = config->cache;
	config->in_flight = first->conf->outgoing.in_flight;
	config->ports = first->conf->outgoing.ports;
	beside_begin(life.beside, first->conf, config->listeners->workers, config);
	life.minutes = minutes_open(first->conf);
	minutes_life(life.minutes, "start");
	if (err == ERR_OK)
		err = workers_create(config, first, &life.workers);
	if (err == ERR_OK)
		err = successor_take_cache(&legacy->successor, first, config->cache,
					   &config->name_key);
	if (err == ERR_OK) {
		loader_keep(first, result);
		err = workers_start(life.workers);
	}
	if (err == ERR_OK) {
		begin_service(legacy, life.workers, config->listeners, result, life.minutes);
		if (!succeeds)
			cachefile_load(first, config->cache, &config->name_key);
		err = lifecycle_run(&life);
	}
	if (life.workers)
		workers_free(life.workers);
	else
		snapshot_free(first);
	minutes_close(life.minutes);
	beside_free(life.beside);
	cache_free(config->cache);
	return err;
}

/* Loads the lists and serves.  Takes over `conf`. */
static enum err load_and_serve(const struct arguments *args, struct legacy *legacy,
			       struct conf *conf, struct workers_config *config,
			       struct notes *notes, struct err_text *text)
{
	const struct load_options options = {
		.notes = notes,
		.state_before = legacy->successor.state,
	};
	struct load_result result;
	struct snapshot *first;
	enum err err;

	if (successor_is_one(&legacy->successor))
		err = loader_load_aside(conf, &config->name_key, &options, &first, &result, text);
	else
		err = loader_load(conf, &config->name_key, NULL, &options, &first, &result, text);
	if (err != ERR_OK)
		return err;
	err = manual_apply(first, successor_manual(&legacy->successor), text);
	if (err != ERR_OK) {
		snapshot_free(first);
		return err;
	}
	err = serve(args, legacy, config, first, &result, notes);
	return err_set(text, err, "%s", err_str(err));
}

static enum err inherit(struct legacy *legacy, struct hash_key *cookie_secret,
			struct err_text *text)
{
	enum err err = successor_begin(&legacy->successor, &legacy->inherited, cookie_secret, text);

	if (err == ERR_OK)
		err = err_set(text, store_collect(&legacy->inherited), "out of memory");
	return err;
}

/* Starts up in the order that lets nothing be served before all is well. */
static int run(const struct arguments *args, struct conf *conf)
{
	struct listeners listeners = {.workers = 0};
	struct workers_config config = {.listeners = &listeners};
	struct legacy legacy = {.successor = {.channel = -1}};
	struct err_text text = {"no random numbers"};
	struct notes *notes = NULL;
	enum err err = hash_key_random(&config.name_key);
	int status;

	hold_signals();
	log_set_level(conf->server.log_level);
	log_to_journal(LOG_JOURNAL_SOCKET);
	if (err == ERR_OK)
		err = err_set(&text, log_start(), "no thread for the log");
	if (err == ERR_OK)
		err = hash_key_random(&config.cookie_secret);
	if (err == ERR_OK)
		err = inherit(&legacy, &config.cookie_secret, &text);
	if (err == ERR_OK)
		err = enter(conf, &legacy, &config, &text);
	if (err == ERR_OK && *conf->state.directory && conf->state.compiled_from > 0)
		(void)compiled_read_key(conf->state.directory, &config.name_key);
	legacy.beside.name_key = config.name_key;
	if (err == ERR_OK)
		err = err_set(&text, notes_create(&notes), "out of memory");
	if (err == ERR_OK)
		err = load_and_serve(args, &legacy, conf, &config, notes, &text);
	else
		conf_free(conf);
	notes_free(notes);
	manual_free(&legacy.successor.manual);
	beside_free(&legacy.beside);
	statelock_free(legacy.lock);
	listeners_close(&listeners);
	inherited_fini(&legacy.inherited);
	status = err == ERR_OK ? EXIT_SUCCESS : fail(text.text);
	log_stop();
	return status;
}

static int dump(struct conf *conf)
{
	enum err err = conf_dump_shown(conf, stdout);

	conf_free(conf);
	return err == ERR_OK && fflush(stdout) == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

static int tell_past(struct conf *conf, const struct arguments *args)
{
	bool in_force = false;
	struct err_text text;
	enum err err = trial_become_user(args->conf_path, conf, &text);

	if (err == ERR_OK)
		err = past_answer(conf, &args->past, stdout, &in_force, &text);
	conf_free(conf);
	if (err != ERR_OK)
		return fail(text.text);
	return in_force ? EXIT_SUCCESS : 2;
}

static int verify(const struct arguments *args)
{
	struct err_text text;

	if (audit_verify(args->audit.log, args->audit.key, args->audit.checkpoint, stdout, &text) !=
	    ERR_OK)
		return fail(text.text);
	return EXIT_SUCCESS;
}

int main(int argc, char **argv)
{
	struct arguments args;
	struct conf_mistakes mistakes;
	struct err_text text;
	struct conf *conf;

	if (argc > 1 && command_is_one(argv[1]))
		return command_run(argc, argv);
	if (!arguments_read(argc, argv, &args))
		return arguments_hint();
	if (args.mode == 'h')
		return arguments_usage();
	if (args.mode == 'V')
		return puts("sinkholed " SINKHOLED_VERSION) < 0;
	if (args.mode == 'm')
		return conf_write_man(stdout) != ERR_OK;
	if (thread_raise_stack(&text) != ERR_OK)
		return fail(text.text);
	if (args.mode == 'A')
		return verify(&args);
	if (args.mode == 'k')
		return check_configuration(args.conf_path, args.json);
	if (args.mode == 'D')
		return trial_compare(args.conf_path, &args.compare);
	if (conf_load_all(args.conf_path, &conf, &mistakes) != ERR_OK)
		return fail_all(&mistakes);
	if (args.mode == 'd')
		return dump(conf);
	if (args.mode == 'F')
		return tell_past(conf, &args);
	if (args.mode == 'e')
		return trial_explain(conf, args.conf_path, &args.question);
	if (args.mode == 'a')
		return trial_accept(conf, args.conf_path, args.accept);
	return run(&args, conf);
}
