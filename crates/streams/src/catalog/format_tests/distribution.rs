//! What is written of a distribution, and read where none was written.

use super::*;

/// Whether a structure lacks the field of an index.
fn is_absent(structure: &Value, index: usize) -> bool {
    let Value::List(fields) = structure else {
        panic!("{structure:?} is no structure");
    };
    fields.get(index).is_none_or(|field| *field == Value::Null)
}

/// What a build wrote that knew no distribution is read as it was meant, and is written as it was.
#[test]
fn distribution_when_by_keys_then_is_left_out_and_when_absent_then_is_by_keys() {
    let by_keys = Stream {
        distribution: Distribution::UserPartitionKey,
        ..stream()
    };
    assert!(is_absent(&encoded(&by_keys), 19));
    assert!(!is_absent(&encoded(&stream()), 19));
    let bytes = minicbor::to_vec(&by_keys).unwrap();
    assert_eq!(minicbor::decode::<Stream>(&bytes).unwrap(), by_keys);
    let bytes = minicbor::to_vec(stream()).unwrap();
    assert_eq!(minicbor::decode::<Stream>(&bytes).unwrap(), stream());
    let by_keys = CreateStream {
        distribution: Distribution::UserPartitionKey,
        ..create_stream()
    };
    assert!(is_absent(&encoded(&by_keys), 9));
    let bytes = minicbor::to_vec(&by_keys).unwrap();
    assert_eq!(minicbor::decode::<CreateStream>(&bytes).unwrap(), by_keys);
}
