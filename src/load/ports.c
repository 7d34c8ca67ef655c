/* SPDX-License-Identifier: BSD-2-Clause */
/* The ports that questions leave from: without those that others of the machine need. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/log.h"
#include "load/load.h"

#define RESERVED_FILE "/proc/sys/net/ipv4/ip_local_reserved_ports" /* IPv6's ports as well */
#define RESERVED_MAX (512U * 1024)				   /* each port by itself */

/* What the system reserves; NULL: nothing that is known. */
static char *read_reserved(void)
{
	char *text = NULL;
	size_t len;
	enum err err = file_read(RESERVED_FILE, RESERVED_MAX, &text, &len);

	if (err == ERR_OK)
		return text;
	log_info("%s cannot be read (%s): questions may leave from ports that the system reserves",
		 RESERVED_FILE, err == ERR_SYS ? strerror(errno) : err_str(err));
	return NULL;
}

enum err loader_set_ports(struct snapshot *s, struct err_text *text)
{
	const struct conf_outgoing *conf = &s->conf->outgoing;
	char *reserved = read_reserved();
	enum err err = ERR_OK;

	if (conf->avoid_ports_count > 0 || (reserved && strpbrk(reserved, "123456789")))
		err = ports_create(conf->avoid_ports, conf->avoid_ports_count, reserved, &s->ports);
	free(reserved);
	if (err == ERR_RANGE)
		err_set(text, err = ERR_CONFIG,
			"outgoing.avoid-ports: fewer than %u ports would be left to send questions "
			"from, those counted that " RESERVED_FILE " names",
			PORTS_LEAST);
	return err;
}
