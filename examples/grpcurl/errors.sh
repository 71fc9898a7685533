# Tells errors apart by their codes; their texts are for people.
. ./aiem.sh

aiem GetProcess "$(named "$AIEM_PARENT/processes/nobody")" -format-error || status=$?
printf "\nNOT_FOUND is 5: %d\n" $((${status:-64} - 64))
