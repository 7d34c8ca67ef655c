/* SPDX-License-Identifier: BSD-2-Clause */
/* Addresses and sockets of this machine alone.  What cannot be had fails the test. */
#ifndef SUPPORT_LOOPBACK_H
#define SUPPORT_LOOPBACK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"

/* 127.0.0.`last`, on `port`. */
struct endpoint loopback_endpoint(uint8_t last, uint16_t port);

uint16_t loopback_port(const struct endpoint *endpoint);

/* The address that a socket is bound to. */
struct endpoint loopback_bound(int fd);

/* A socket of `type` (SOCK_DGRAM, SOCK_STREAM), bound; -1 with errno when that is not to be. */
int loopback_bind(const struct endpoint *endpoint, int type, bool shared);

/* A UDP and a TCP socket of 127.0.0.1 on the same port. */
struct endpoint loopback_bind_pair(int *ret_udp, int *ret_tcp);

/* A port of 127.0.0.1 that was free, over UDP and TCP, when it was asked for. */
uint16_t loopback_free_port(void);

/* A non-blocking UDP socket of 127.0.0.1, on a port of its own and connected to `to`. */
int loopback_udp_client(const struct endpoint *to);

/* File descriptors that are open now. */
size_t loopback_open_files(void);

#endif
