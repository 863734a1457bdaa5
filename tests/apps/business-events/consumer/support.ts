import type { KafkaMessage } from "../../../../apps/lib/kafka";

type Attributes = Record<string, string | null>;

/** A filtered event as it comes out of the decoder; the number makes it one of many. */
export const sampleEvent = (number: number, attributes: Attributes = { loanAmount: "1500000.00", ownerId: null }) => ({
  eventHeader: {
    uuid: sampleUuid(number),
    eventName: "LoanCreated",
    createdDate: 1_764_000_000_123 + number,
    savedDate: 1_764_000_000_456,
    eventType: "CREATED",
  },
  eventBody: {
    entities: [{ entityType: "Loan", entityId: `loan-${number}`, updatedAttributes: attributes }],
  },
  sourceMetadata: { table: "loan_entities", operation: "c", timestamp: 1_764_000_000_123 },
  filterMetadata: { filterId: "large-loans", consumerId: "loan-consumer", filteredAt: 1_764_000_000_789 },
});
export type SampleEvent = ReturnType<typeof sampleEvent>;

/** Like ours, it is a hash: no version, no variant. */
export const sampleUuid = (number: number) => `0000abcd-1111-0222-0333-${String(number).padStart(12, "0")}`;

export const sampleMessage = (offset: number, value: Buffer | null = Buffer.from(String(offset))): KafkaMessage =>
  ({ key: null, value, timestamp: "0", attributes: 0, offset: String(offset), headers: {} }) as KafkaMessage;
