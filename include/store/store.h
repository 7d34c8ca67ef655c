/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a store of findings is: what goes in and comes out of one, and the table of functions that
 * each kind of store fulfils.  evidence/archive.h has what each of them does; it is the same for
 * all, so that nobody but who opens a store knows of which kind it is.
 */
#ifndef STORE_STORE_H
#define STORE_STORE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/err.h"

enum archive_mode {
	ARCHIVE_READ,	/* what another process may be writing; nothing is changed */
	ARCHIVE_GLANCE, /* the same by who has not much time: a database elsewhere gets a second */
	ARCHIVE_EDIT,	/* an existing one: erasures, holds */
	ARCHIVE_WRITE,	/* made if it is not there, for its owner alone */
};

#define ARCHIVE_HOST_ADDRESSES 8

/*
 * Where a host is that a store is at.  ERR_OK; ERR_NOTFOUND, ERR_SYNTAX: the system is to be asked;
 * ERR_CANCELLED: `ending` was set; ERR_SYS: nobody answers.  Blocks for seconds; any thread.
 */
typedef enum err archive_host_fn(void *arg, const char *host, const atomic_bool *ending,
				 struct ip ret_ips[ARCHIVE_HOST_ADDRESSES], size_t *ret_count);

/* Where a store is.  What is "" or 0 is not needed, or not known. */
struct archive_place {
	const char *store;	    /* a file's path, or postgresql://... */
	const char *password_file;  /* its first line is the password */
	const char *resolver;	    /* who writes */
	const char *spool;	    /* a folder for what the database has not taken yet */
	uint64_t spool_bytes;	    /* the most that is kept there */
	archive_host_fn *find_host; /* NULL: the system is asked */
	void *find_arg;
};

/* What the lists' options say of a list; none is NULL. */
struct archive_list {
	const char *name;
	const char *family;
	const char *reason;
	const char *action;
	const char *court;
	const char *case_id;
	const char *date;
	const char *contact;
	const char *url;
	const char *remedy;
};

/* One client that asked for one name. */
struct archive_finding {
	const char *client; /* address, or prefix */
	int form;	    /* as client_kept_form has it (evidence/client.h) */
	const char *list;
	const char *name;     /* as asked for, presentation form without the final dot */
	const char *family;   /* of the list's rule alone; "" or NULL: it has none */
	const char *ticket;   /* likewise */
	uint8_t owner_labels; /* of the list's rule: so many labels of the name; 0: another name's
			       */
	uint16_t types;	      /* as in feed/findings.h */
	uint8_t ways;
	uint32_t first_s; /* Unix time */
	uint32_t last_s;
	uint64_t count;
	uint64_t proven;
	uint64_t merged;
};

/* One that came to an address that names are cut off by; texts are "" where nothing is known. */
struct archive_visit {
	const char *client;
	int form;
	uint16_t port;
	const char *host; /* as a finding's name */
	const char *method;
	const char *path;
	const char *agent;
	const char *ja4;
	uint32_t first_s; /* Unix time */
	uint32_t last_s;
	uint64_t count;	 /* connections, or requests */
	uint64_t visits; /* those that came more than five seconds after the one before */
};

/* What of the store is wanted; NULL and 0: all. */
struct archive_filter {
	const char *client; /* address or prefix, as it is written in the store */
	const char *list;
	const char *family;
	const char *name; /* itself, and all below it */
	uint32_t since_s; /* seen then or later */
	uint32_t until_s; /* seen then or earlier */
	bool proven;	  /* of clients that have shown that they have their address */
};

/* What the store has of a finding; its texts are valid during the call. */
struct archive_row {
	struct archive_finding finding;
	struct archive_list list;  /* `family` is the finding's own where it has one */
	uint64_t names;		   /* of archive_each_client: how many findings are in it */
	const char *hostname;	   /* what the client is called, for reports; the store has "" */
	const char *hostname_from; /* who says so */
	const char *mac;
	struct archive_visit visit; /* of archive_each: the client's last one to the name, and the
				     * counts of all; 0: there was none */
};

/* False: enough. */
typedef bool archive_row_fn(void *arg, const struct archive_row *row);

/* What is to be removed: findings last seen before. */
struct archive_limits {
	uint32_t before_s;
	uint32_t unproven_before_s; /* of clients that have not shown their address */
};

/* What is done to one subscriber's findings; all of it stands in the audit. */
enum archive_act {
	ARCHIVE_ERASE,	 /* all findings of an address or prefix are overwritten */
	ARCHIVE_HOLD,	 /* none is removed, by nobody, */
	ARCHIVE_RELEASE, /* until this */
};

/* What is erased along with findings: elsewhere, and counted among them.  Any error. */
typedef enum err archive_also_fn(const void *arg, const char *subject, uint64_t *ret_erased,
				 struct err_text *text);

/* How it is with a store that findings reach by way of a spool; of others all is 0. */
struct archive_state {
	bool remote;	   /* it is such a one */
	bool connected;	   /* the database has answered last */
	uint64_t waiting;  /* findings that it has not taken yet */
	uint64_t spooled;  /* octets of the spool */
	uint64_t sent;	   /* findings that it has taken, since the store was opened, as below */
	uint64_t again;	   /* batches that it had taken before, and were not counted twice */
	uint64_t failures; /* tries that failed */
	uint64_t refused;  /* queries whose findings it will never take */
	uint64_t removed;  /* findings removed for their age, or for the size */
};

/* The functions of a kind of store.  `store` is what its open function has given. */
struct archive_ops {
	void (*close)(void *store);
	enum err (*begin)(void *store, struct err_text *text);
	enum err (*put_list)(void *store, const struct archive_list *list, struct err_text *text);
	enum err (*put)(void *store, const struct archive_finding *finding, struct err_text *text);
	enum err (*put_visit)(void *store, const struct archive_visit *visit,
			      struct err_text *text);
	enum err (*commit)(void *store, struct err_text *text);
	enum err (*each)(void *store, const struct archive_filter *filter, archive_row_fn *fn,
			 void *arg, struct err_text *text);
	enum err (*each_client)(void *store, const struct archive_filter *filter,
				archive_row_fn *fn, void *arg, struct err_text *text);
	enum err (*each_visit)(void *store, const struct archive_filter *filter, archive_row_fn *fn,
			       void *arg, struct err_text *text);
	uint64_t (*size)(void *store);
	enum err (*prune)(void *store, const struct archive_limits *limits, uint32_t clients,
			  int64_t *cursor, uint64_t *removed, struct err_text *text);
	void (*erases_also)(void *store, archive_also_fn *also, const void *arg);
	enum err (*act)(void *store, enum archive_act act, const char *subject, const char *who,
			const char *why, uint64_t *ret_findings, struct err_text *text);
	bool (*settle)(void *store, uint32_t most_ms);
	void (*state)(void *store, struct archive_state *ret_state);
};

#endif
