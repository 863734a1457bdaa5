-- Cars, the loans they are bought with, and the services they get. Money is numeric, time has its zone.
CREATE TABLE car_entities (
  car_id      text PRIMARY KEY,
  vin         text NOT NULL UNIQUE,
  model       text NOT NULL,
  price       numeric(14, 2) NOT NULL,
  status      text NOT NULL DEFAULT 'AVAILABLE',
  owner_id    text,
  created_at  timestamptz NOT NULL DEFAULT now(),
  updated_at  timestamptz NOT NULL DEFAULT now(),
  CONSTRAINT car_status CHECK (status IN ('AVAILABLE', 'RESERVED', 'SOLD', 'RETIRED'))
);

CREATE TABLE loan_entities (
  loan_id         text PRIMARY KEY,
  car_id          text,
  customer_id     text NOT NULL,
  customer_tier   text NOT NULL DEFAULT 'standard',
  loan_amount     numeric(14, 2) NOT NULL,
  amount_paid     numeric(14, 2) NOT NULL DEFAULT 0,
  interest_rate   numeric(5, 2) NOT NULL,
  term_months     integer NOT NULL,
  status          text NOT NULL DEFAULT 'PENDING',
  created_at      timestamptz NOT NULL DEFAULT now(),
  updated_at      timestamptz NOT NULL DEFAULT now(),
  CONSTRAINT loan_status CHECK (status IN ('PENDING', 'APPROVED', 'ACTIVE', 'CLOSED', 'DEFAULTED'))
);

CREATE TABLE service_record (
  service_id    text PRIMARY KEY,
  car_id        text NOT NULL,
  service_type  text NOT NULL,
  cost          numeric(12, 2),
  odometer_km   bigint,
  status        text NOT NULL DEFAULT 'SCHEDULED',
  scheduled_on  date NOT NULL,
  completed_at  timestamptz,
  created_at    timestamptz NOT NULL DEFAULT now(),
  updated_at    timestamptz NOT NULL DEFAULT now(),
  CONSTRAINT service_status CHECK (status IN ('SCHEDULED', 'IN_PROGRESS', 'COMPLETED', 'CANCELLED'))
);

-- A change is captured with the row as it was before, so that an event can say what changed.
ALTER TABLE car_entities REPLICA IDENTITY FULL;
ALTER TABLE loan_entities REPLICA IDENTITY FULL;
ALTER TABLE service_record REPLICA IDENTITY FULL;
