//! Which shard a packet belongs to: the first byte of its destination connection
//! id, modulo the number of shards.
//!
//! The kernel decides by a small filter on the group of sockets that share a
//! port, and every shard gives out only connection ids that lead back to it. A
//! client whose address changes therefore stays with its shard. A client's first
//! packets carry a random id of its own choice, which spreads new clients evenly.

use std::io;
use std::net::UdpSocket;

use rand::RngExt;
use skywave_transport::quic::{ConnectionId, ConnectionIdGenerator};

use super::ShardId;

/// Bytes of the connection ids that a relay gives out.
const CID_LEN: usize = 8;

/// Gives out connection ids that lead to one shard.
#[derive(Clone, Copy, Debug)]
pub(super) struct SteeringIds {
    shard: u8,
    shards: u8,
}

impl SteeringIds {
    /// For one of at most 128 shards.
    pub(super) fn new(shard: ShardId, shards: usize) -> Self {
        Self {
            shard: shard.0 as u8,
            shards: shards as u8,
        }
    }
}

impl ConnectionIdGenerator for SteeringIds {
    fn generate_cid(&mut self) -> ConnectionId {
        let mut id: [u8; CID_LEN] = rand::random();
        let turns = u8::MAX / self.shards;
        id[0] = rand::rng().random_range(0..turns) * self.shards + self.shard;
        ConnectionId::new(&id)
    }

    fn cid_len(&self) -> usize {
        CID_LEN
    }

    fn cid_lifetime(&self) -> Option<std::time::Duration> {
        None
    }
}

/// Makes the kernel steer the packets of sockets that share a port. They are all
/// the sockets of the port, in the order of their shards.
///
/// # Errors
/// The kernel does not take the filter.
#[cfg(target_os = "linux")]
pub(super) fn steer(sockets: &[UdpSocket]) -> io::Result<()> {
    use nix::libc::{sock_filter, sock_fprog};
    use nix::sys::socket::{setsockopt, sockopt::AttachReusePortCbpf};

    const LOAD_BYTE: u16 = 0x30; // BPF_LD | BPF_B | BPF_ABS
    const JUMP_IF_SET: u16 = 0x45; // BPF_JMP | BPF_JSET | BPF_K
    const JUMP: u16 = 0x05; // BPF_JMP | BPF_JA
    const MODULO: u16 = 0x94; // BPF_ALU | BPF_MOD | BPF_K
    const RETURN: u16 = 0x16; // BPF_RET | BPF_A
    /// Set in the first byte of a long header (RFC 9000, section 17.2), in which
    /// the id follows the version and a length; else it follows at once.
    const LONG_HEADER: u32 = 0x80;

    if sockets.len() < 2 {
        return Ok(());
    }
    let op = |code, jt, jf, k| sock_filter { code, jt, jf, k };
    let mut program = [
        op(LOAD_BYTE, 0, 0, 0),
        op(JUMP_IF_SET, 0, 2, LONG_HEADER),
        op(LOAD_BYTE, 0, 0, 6),
        op(JUMP, 0, 0, 1),
        op(LOAD_BYTE, 0, 0, 1),
        op(MODULO, 0, 0, sockets.len() as u32),
        op(RETURN, 0, 0, 0),
    ];
    let program = sock_fprog {
        len: program.len() as u16,
        filter: program.as_mut_ptr(),
    };
    setsockopt(&sockets[0], AttachReusePortCbpf, &program)?;
    Ok(())
}

/// Elsewhere a relay has one shard, and nothing needs steering.
#[cfg(not(target_os = "linux"))]
pub(super) fn steer(_: &[UdpSocket]) -> io::Result<()> {
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_id_leads_back_to_its_shard() {
        for shards in [1, 2, 3, 7, 128] {
            for shard in 0..shards {
                let mut ids = SteeringIds::new(ShardId(shard), shards);
                for _ in 0..200 {
                    assert_eq!(ids.generate_cid()[0] as usize % shards, shard);
                }
            }
        }
    }

    #[cfg(target_os = "linux")]
    use crate::shard::socket::bind_group;

    #[cfg(target_os = "linux")]
    #[test]
    fn the_kernel_hands_a_packet_to_the_shard_that_its_id_names() {
        let any = "127.0.0.1:0".parse().expect("an address");
        let sockets = bind_group(any, 3).expect("bound");
        let relay = sockets[0].local_addr().expect("bound");
        for socket in &sockets {
            socket.set_nonblocking(false).expect("blocking");
            let patience = std::time::Duration::from_secs(5);
            socket.set_read_timeout(Some(patience)).expect("a timeout");
        }
        steer(&sockets).expect("steered");

        let client = UdpSocket::bind("127.0.0.1:0").expect("bound");
        for id in 0..=255u8 {
            let short = [0x40, id, 1, 2, 3, 4, 5, 6, 7];
            let long = [0xc0, 0, 0, 0, 1, 8, id, 1, 2, 3, 4, 5, 6, 7];
            for packet in [&short[..], &long[..]] {
                client.send_to(packet, relay).expect("sent");
                let mut got = [0; 32];
                let len = sockets[id as usize % 3].recv(&mut got).expect("steered");
                assert_eq!(&got[..len], packet);
            }
        }
    }
}
