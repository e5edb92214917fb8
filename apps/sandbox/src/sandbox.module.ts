import { type DynamicModule, Module } from '@nestjs/common';
import { ControlController } from './control/control.controller.js';
import { FaultsController } from './control/faults.controller.js';
import { LedgerController } from './control/ledger.controller.js';
import { PageController } from './control/page.controller.js';
import { WebhooksController } from './control/webhooks.controller.js';
import { INGRESS_OFFER, IngressOffer, type IngressOfferOptions } from './ingress-offer.js';
import { KitModule, type KitOptions } from './kit/kit.module.js';
import { VENDOR_DOUBLES, VENDOR_MODULES, vendorDoublesProvider } from './vendors/index.js';

/** What the sandbox is started with. */
export interface SandboxModuleOptions extends IngressOfferOptions {
  readonly kit: KitOptions;
}

/** The sandbox: all doubles, and the API that steers them. */
@Module({})
export class SandboxModule {
  static register({ kit, ...offer }: SandboxModuleOptions): DynamicModule {
    return {
      module: SandboxModule,
      imports: [KitModule.register(kit), ...VENDOR_MODULES],
      providers: [vendorDoublesProvider, { provide: INGRESS_OFFER, useValue: offer }, IngressOffer],
      controllers: [
        ControlController,
        FaultsController,
        WebhooksController,
        LedgerController,
        PageController,
      ],
      exports: [VENDOR_DOUBLES],
    };
  }
}
