# SPDX-License-Identifier: BSD-2-Clause
"""What the functional tests stand on: the daemon, its clients, and its upstreams."""
