# How to connect with AWS CLI 2 of a version that does not know AWS_ENDPOINT_URL yet (2.9): by --endpoint-url.
#
# It prints a line for each step, and ends at the first that is not as on AWS. `aws` may be any AWS CLI 2.

stream=cli2-orders

kinesis() { aws --endpoint-url "$AWS_ENDPOINT_URL" --region "$AWS_REGION" --output text kinesis "$@"; }

check() { # WHAT GOT WANTED
    if [[ $2 != "$3" ]]; then
        echo "not ok: $1: '$2' instead of '$3'"
        exit 1
    fi
    echo "ok: $1"
}

aws --version
kinesis create-stream --stream-name $stream --shard-count 1
kinesis wait stream-exists --stream-name $stream
check "create-stream, describe-stream-summary" "$(kinesis describe-stream-summary --stream-name $stream \
    --query StreamDescriptionSummary.OpenShardCount)" 1
check list-streams "$(kinesis list-streams --query 'StreamNames[]')" $stream

# Data is base64, unless it is said to be raw, or in a file.
data=$(mktemp)
trap 'rm -f "$data"' EXIT
printf '\x00\xff\n' >"$data"
kinesis put-record --stream-name $stream --partition-key a --data aGVsbG8= >/dev/null
kinesis put-record --stream-name $stream --partition-key a --data 'as it is' \
    --cli-binary-format raw-in-base64-out >/dev/null
kinesis put-record --stream-name $stream --partition-key a --data "fileb://$data" >/dev/null
check put-records "$(kinesis put-records --stream-name $stream --records Data=b25l,PartitionKey=b \
    Data=dHdv,PartitionKey=b --query FailedRecordCount)" 0

shard=$(kinesis list-shards --stream-name $stream --query 'Shards[].ShardId')
check list-shards "$shard" shardId-000000000000
iterator=$(kinesis get-shard-iterator --stream-name $stream --shard-id "$shard" \
    --shard-iterator-type TRIM_HORIZON --query ShardIterator)
check "put-record, get-shard-iterator, get-records" \
    "$(kinesis get-records --shard-iterator "$iterator" --query 'Records[].Data' | tr '\t' ' ')" \
    "aGVsbG8= YXMgaXQgaXM= AP8K b25l dHdv"

kinesis update-shard-count --stream-name $stream --target-shard-count 2 --scaling-type UNIFORM_SCALING >/dev/null
check update-shard-count "$(kinesis list-shards --stream-name $stream --shard-filter Type=AT_LATEST \
    --query 'length(Shards)')" 2
kinesis add-tags-to-stream --stream-name $stream --tags team=sales
check "add-tags-to-stream, list-tags-for-stream" \
    "$(kinesis list-tags-for-stream --stream-name $stream --query 'Tags[].[Key, Value]' | tr '\t' ' ')" "team sales"

refused=$(kinesis describe-stream-summary --stream-name none 2>&1) && status=0 || status=$?
check "exit status of what is refused" "$status" 254
[[ $refused == *"(ResourceNotFoundException)"* ]] && named=yes || named=no
check ResourceNotFoundException "$named" yes

kinesis delete-stream --stream-name $stream
kinesis wait stream-not-exists --stream-name $stream
check delete-stream "$(kinesis list-streams --query 'length(StreamNames)')" 0
