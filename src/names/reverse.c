/* SPDX-License-Identifier: BSD-2-Clause */
#include "names/reverse.h"

#include <stdio.h>

enum err reverse_name(const struct ip *ip, struct name *ret_name)
{
	const uint8_t *b = ip->bytes;
	char text[80];
	int len = 0;

	if (ip->family == AF_INET) {
		len = snprintf(text, sizeof(text), "%u.%u.%u.%u.in-addr.arpa", b[3], b[2], b[1],
			       b[0]);
		return name_from_text(text, (size_t)len, ret_name);
	}
	for (int i = 15; i >= 0; i--)
		len += snprintf(text + len, sizeof(text) - (size_t)len, "%x.%x.", b[i] & 15U,
				b[i] >> 4);
	len += snprintf(text + len, sizeof(text) - (size_t)len, "ip6.arpa");
	return name_from_text(text, (size_t)len, ret_name);
}
