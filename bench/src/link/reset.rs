//! The packet that tells the sender of a TCP packet that its connection is gone.
//! Pure. May not live here: when that is done.

use etherparse::{NetSlice, PacketBuilder, SlicedPacket, TransportSlice};

/// Hops that the answer may take.
const TTL: u8 = 64;

/// Writes to `answer` what the sender of `packet` (IPv4) believes: only a reset with just the number that it expects
/// next is taken. False if there is nothing to answer: no TCP, or itself a reset.
pub fn reset(packet: &[u8], answer: &mut Vec<u8>) -> bool {
    let Ok(sliced) = SlicedPacket::from_ip(packet) else { return false };
    let (Some(NetSlice::Ipv4(ip)), Some(TransportSlice::Tcp(tcp))) = (sliced.net, sliced.transport) else {
        return false;
    };
    if tcp.rst() {
        return false;
    }
    let ip = ip.header();
    let back = PacketBuilder::ipv4(ip.destination(), ip.source(), TTL);
    let (from, to) = (tcp.destination_port(), tcp.source_port());
    let back = if tcp.ack() {
        back.tcp(from, to, tcp.acknowledgment_number(), 0).rst()
    } else {
        // It begins a connection, and knows no number of the other side yet.
        back.tcp(from, to, 0, 0).rst().ack(tcp.sequence_number().wrapping_add(1))
    };
    back.write(answer, &[]).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    const HERE: [u8; 4] = [10, 77, 0, 1];
    const THERE: [u8; 4] = [10, 77, 0, 2];

    fn answered(packet: &[u8]) -> Option<Vec<u8>> {
        let mut answer = Vec::new();
        reset(packet, &mut answer).then_some(answer)
    }

    #[test]
    fn a_packet_of_a_connection_is_answered_with_the_number_it_expects() {
        let mut packet = Vec::new();
        PacketBuilder::ipv4(HERE, THERE, 64).tcp(4000, 443, 1000, 500).ack(77).write(&mut packet, b"footage").unwrap();
        let answer = answered(&packet).unwrap();
        let sliced = SlicedPacket::from_ip(&answer).unwrap();
        let (Some(NetSlice::Ipv4(ip)), Some(TransportSlice::Tcp(tcp))) = (sliced.net, sliced.transport) else {
            panic!("not TCP")
        };
        assert_eq!((ip.header().source(), ip.header().destination()), (THERE, HERE));
        assert_eq!((tcp.source_port(), tcp.destination_port()), (443, 4000));
        assert!(tcp.rst() && tcp.sequence_number() == 77);
        assert_eq!(answered(&answer), None, "a reset is not answered");
    }

    #[test]
    fn the_first_packet_of_a_connection_is_refused() {
        let mut packet = Vec::new();
        PacketBuilder::ipv4(HERE, THERE, 64).tcp(4000, 443, 1000, 500).syn().write(&mut packet, &[]).unwrap();
        let answer = answered(&packet).unwrap();
        let Some(TransportSlice::Tcp(tcp)) = SlicedPacket::from_ip(&answer).unwrap().transport else {
            panic!("not TCP")
        };
        assert!(tcp.rst() && tcp.ack() && tcp.acknowledgment_number() == 1001);
    }

    #[test]
    fn other_packets_are_not() {
        let mut packet = Vec::new();
        PacketBuilder::ipv4(HERE, THERE, 64).udp(1, 2).write(&mut packet, b"ping").unwrap();
        assert_eq!(answered(&packet), None);
        assert_eq!(answered(&[0x45, 0, 0]), None);
    }
}
