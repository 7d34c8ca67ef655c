/* SPDX-License-Identifier: BSD-2-Clause */
#include "daemon/successor.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "daemon/cachefile.h"
#include "manual/store.h"
#include "system/succession.h"

#define GO_MS 60000   /* for the process before to write its cache */
#define MAIN_MS 10000 /* for it to tell the service manager */

/* Closes `said`. */
static enum err take_manual(struct successor *successor, int said, struct err_text *text)
{
	struct err_text why = {""};
	enum err err;

	if (said < 0)
		return ERR_OK;
	err = manual_from_memory(said, &successor->manual, &why);
	successor->has_manual = err == ERR_OK;
	close(said);
	return err_set(text, err, "hand-over: what was said by command: %s", why.text);
}

enum err successor_begin(struct successor *ret_successor, struct inherited *inherited,
			 struct hash_key *secret, struct err_text *text)
{
	int channel;
	int said = -1;
	enum err err = succession_begin(&channel, ret_successor->state, inherited, secret, &said);

	if (err != ERR_OK)
		return err_set(text, err, "hand-over: the process before: %s",
			       err == ERR_SYS ? strerror(errno) : err_str(err));
	ret_successor->channel = channel;
	return take_manual(ret_successor, said, text);
}

bool successor_is_one(const struct successor *successor)
{
	return successor->channel >= 0;
}

const struct manual *successor_manual(const struct successor *successor)
{
	return successor->has_manual ? &successor->manual : NULL;
}

enum err successor_take_cache(const struct successor *successor, const struct snapshot *snapshot,
			      struct cache *cache, const struct hash_key *name_key)
{
	enum succession_word word = SUCCESSION_END;
	int fd = -1;

	if (!successor_is_one(successor))
		return ERR_OK;
	if (succession_say(successor->channel, SUCCESSION_LOADED, -1) == ERR_OK &&
	    succession_hear(successor->channel, GO_MS, &word, &fd) != ERR_OK)
		return ERR_SYS;
	if (word == SUCCESSION_END)
		log_warning("hand-over: the process before is gone: going on without its cache");
	else if (word != SUCCESSION_GO)
		return ERR_SYS;
	if (fd >= 0)
		cachefile_from_memory(snapshot, cache, name_key, fd);
	return ERR_OK;
}

void successor_serves(const struct successor *successor)
{
	enum succession_word word;

	if (!successor_is_one(successor))
		return;
	if (succession_say(successor->channel, SUCCESSION_SERVING, -1) == ERR_OK &&
	    succession_hear(successor->channel, MAIN_MS, &word, NULL) != ERR_OK)
		log_warning("hand-over: no word of the process before: %s", strerror(errno));
}

void successor_answers(struct successor *successor)
{
	if (!successor_is_one(successor))
		return;
	close(successor->channel);
	successor->channel = -1;
}
