"""Run inside a network namespace: its NAT forgets every flow, which the tool `conntrack -F` would do were it there.

One message of ctnetlink: IPCTNL_MSG_CT_DELETE for a whole family (linux/netfilter/nfnetlink_conntrack.h).
"""

import socket
import struct

NETLINK_NETFILTER = 12
CT_DELETE = 1 << 8 | 2
REQUEST_AND_ACK = 1 | 4
HEADER = struct.Struct("=IHHII")
FAMILY = struct.Struct("=BBH")
ERROR = struct.Struct("=i")


def main() -> None:
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, NETLINK_NETFILTER) as netlink:
        netlink.settimeout(5)
        for family in (socket.AF_INET, socket.AF_INET6):
            netlink.send(
                HEADER.pack(HEADER.size + FAMILY.size, CT_DELETE, REQUEST_AND_ACK, 1, 0) + FAMILY.pack(family, 0, 0)
            )
            (error,) = ERROR.unpack_from(netlink.recv(4096), HEADER.size)
            if error:
                raise OSError(-error, "the flows cannot be forgotten")


if __name__ == "__main__":
    main()
